#include "CNumerics.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/// Counts go to several tables in turn: adjacent numbers often share a bin, and its counter would be a dependency chain.
enum { TABLES = 4, MOST_BINS = 4096 };

static uint32_t place(float x, float low, float per_unit, uint32_t bins) {
    float at = (x - low) * per_unit;
    float last = (float)(bins - 1);
    // The comparison is written so that NaN also gets a bin.
    return (uint32_t)(at > 0 ? (at < last ? at : last) : 0);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static size_t count_wide(
    const float *x, size_t count, float low, float per_unit, uint32_t bins, uint32_t tables[TABLES][MOST_BINS]) {
    __m256 l = _mm256_set1_ps(low), s = _mm256_set1_ps(per_unit), last = _mm256_set1_ps((float)(bins - 1));
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        __m256 at = _mm256_mul_ps(_mm256_sub_ps(_mm256_loadu_ps(x + i), l), s);
        // If one operand is NaN, max returns the second.
        at = _mm256_min_ps(_mm256_max_ps(at, _mm256_setzero_ps()), last);
        uint32_t places[8];
        _mm256_storeu_si256((__m256i *)places, _mm256_cvttps_epi32(at));
        for (int k = 0; k < 8; k++) tables[k % TABLES][places[k]]++;
    }
    return i;
}
#endif

void cnumerics_histogram(
    const float *values, size_t count, float low, float per_unit, uint32_t bins, uint64_t *counts) {
    uint32_t tables[TABLES][MOST_BINS];
    if (bins == 0 || bins > MOST_BINS) return;
    // Blocks small enough that no 32-bit count overflows.
    for (size_t start = 0; start < count;) {
        size_t part = count - start < (1u << 30) ? count - start : 1u << 30, i = 0;
        memset(tables, 0, sizeof tables);
#if defined(__x86_64__)
        if (__builtin_cpu_supports("avx2")) i = count_wide(values + start, part, low, per_unit, bins, tables);
#endif
        for (; i < part; i++) tables[0][place(values[start + i], low, per_unit, bins)]++;
        for (uint32_t bin = 0; bin < bins; bin++)
            for (int table = 0; table < TABLES; table++) counts[bin] += tables[table][bin];
        start += part;
    }
}
