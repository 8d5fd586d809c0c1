#include "CNumerics.h"

#include <math.h>
#include <string.h>

#pragma STDC FP_CONTRACT OFF

#define LANES 8

/// exp(x) for x ≤ 0, within 2 ulp; 0 below −87. Reference: Cephes' expf.
static inline __attribute__((always_inline)) float exp_of(float x) {
    float inside = x < -87.0f ? -87.0f : x;
    float power = rintf(inside * 1.44269504088896341f);
    float r = inside - power * 0.693359375f;
    r = r - power * -2.12194440e-4f;
    float y = 1.9875691500e-4f;
    y = y * r + 1.3981999507e-3f;
    y = y * r + 8.3334519073e-3f;
    y = y * r + 4.1665795894e-2f;
    y = y * r + 1.6666665459e-1f;
    y = y * r + 5.0000001201e-1f;
    y = y * r * r + r + 1.0f;
    int32_t bits = ((int32_t)power + 127) << 23;
    float scale;
    memcpy(&scale, &bits, sizeof scale);
    return x < -87.0f ? 0.0f : y * scale;
}

/// Sums in eight lanes, so that both forms add in the same order.
static inline __attribute__((always_inline)) float sum_of(const float *row, size_t count, float most) {
    float lanes[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        for (size_t lane = 0; lane < LANES; lane++) lanes[lane] += exp_of(row[i + lane] - most);
    }
    for (size_t lane = 0; i < count; i++, lane++) lanes[lane] += exp_of(row[i] - most);
    float sum = 0;
    for (size_t lane = 0; lane < LANES; lane++) sum += lanes[lane];
    return sum;
}

static inline __attribute__((always_inline)) float most_of(const float *row, size_t count) {
    float lanes[LANES];
    for (size_t lane = 0; lane < LANES; lane++) lanes[lane] = -INFINITY;
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        for (size_t lane = 0; lane < LANES; lane++) lanes[lane] = row[i + lane] > lanes[lane] ? row[i + lane] : lanes[lane];
    }
    for (size_t lane = 0; i < count; i++, lane++) lanes[lane] = row[i] > lanes[lane] ? row[i] : lanes[lane];
    float most = lanes[0];
    for (size_t lane = 1; lane < LANES; lane++) most = lanes[lane] > most ? lanes[lane] : most;
    return most;
}

static float log_sum_exp(const float *row, size_t count) {
    float most = most_of(row, count);
    return isinf(most) ? most : most + logf(sum_of(row, count, most));
}

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) static float most_of_wide(const float *row, size_t count) { return most_of(row, count); }

__attribute__((target("avx2,fma"))) static float log_sum_exp_wide(const float *row, size_t count) {
    float most = most_of(row, count);
    return isinf(most) ? most : most + logf(sum_of(row, count, most));
}
#endif

float cnumerics_log_sum_exp(const float *row, size_t count) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return log_sum_exp_wide(row, count);
#endif
    return log_sum_exp(row, count);
}

float cnumerics_max(const float *row, size_t count) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return most_of_wide(row, count);
#endif
    return most_of(row, count);
}
