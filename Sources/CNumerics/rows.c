#include "CNumerics.h"

#include <math.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#define WIDE __attribute__((target("avx2,fma,f16c")))
static int is_wide(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
}
#endif

// MARK: Loading

static float from_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static float from_f16(uint16_t half) {
    uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = half >> 10 & 0x1F, mantissa = half & 0x3FF;
    if (exponent == 0x1F) return from_bits(sign | 0x7F800000 | mantissa << 13);
    // A denormal is its mantissa times 2^-24, which f32 holds as a normal number.
    if (exponent == 0) return copysignf((float)mantissa * 0x1p-24f, from_bits(sign));
    return from_bits(sign | (exponent + 112) << 23 | mantissa << 13);
}

static float load_one(cnumerics_type type, const uint8_t *at) {
    uint16_t half;
    float value;
    if (type == CNUMERICS_F32) {
        memcpy(&value, at, sizeof value);
        return value;
    }
    memcpy(&half, at, sizeof half);
    return type == CNUMERICS_F16 ? from_f16(half) : from_bits((uint32_t)half << 16);
}

#if defined(__x86_64__)
WIDE static size_t load_wide(cnumerics_type type, const uint8_t *source, size_t count, float *target) {
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        __m128i halves = _mm_loadu_si128((const __m128i *)(source + 2 * i));
        __m256 values = type == CNUMERICS_F16
            ? _mm256_cvtph_ps(halves)
            : _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
        _mm256_storeu_ps(target + i, values);
    }
    return i;
}
#endif

void cnumerics_load(cnumerics_type type, const void *source, size_t stride, size_t count, float *target) {
    size_t size = type == CNUMERICS_F32 ? 4 : 2, i = 0;
    if (stride == 1 && type == CNUMERICS_F32) {
        memcpy(target, source, count * size);
        return;
    }
#if defined(__x86_64__)
    if (stride == 1 && is_wide()) i = load_wide(type, source, count, target);
#endif
    for (; i < count; i++) target[i] = load_one(type, (const uint8_t *)source + i * stride * size);
}

// MARK: Ranges

static void widen(cnumerics_range *range, const float *row, size_t from, size_t count) {
    for (size_t i = from; i < count; i++) {
        range->finite &= isfinite(row[i]) != 0;
        range->minimum = row[i] < range->minimum ? row[i] : range->minimum;
        range->maximum = row[i] > range->maximum ? row[i] : range->maximum;
    }
}

#if defined(__x86_64__)
WIDE static size_t range_wide(const float *row, size_t count, cnumerics_range *range) {
    if (count < 8) return 0;
    __m256 low = _mm256_loadu_ps(row), high = low, zero = _mm256_setzero_ps(), wrong = zero;
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        __m256 x = _mm256_loadu_ps(row + i);
        low = _mm256_min_ps(low, x);
        high = _mm256_max_ps(high, x);
        // x·0 is NaN where x is not finite.
        wrong = _mm256_or_ps(wrong, _mm256_cmp_ps(_mm256_mul_ps(x, zero), zero, _CMP_UNORD_Q));
    }
    float lows[8], highs[8];
    _mm256_storeu_ps(lows, low);
    _mm256_storeu_ps(highs, high);
    range->finite &= _mm256_movemask_ps(wrong) == 0;
    for (int k = 0; k < 8; k++) {
        range->minimum = lows[k] < range->minimum ? lows[k] : range->minimum;
        range->maximum = highs[k] > range->maximum ? highs[k] : range->maximum;
    }
    return i;
}
#endif

cnumerics_range cnumerics_row_range(const float *row, size_t count) {
    cnumerics_range range = {row[0], row[0], 1};
    size_t i = 0;
#if defined(__x86_64__)
    if (is_wide()) i = range_wide(row, count, &range);
#endif
    widen(&range, row, i, count);
    return range;
}

// MARK: Integers

static uint8_t code(float x, float scale, float zero, float low, float high) {
    float rounded = rintf(x / scale + zero);
    float cut = rounded < low ? low : rounded > high ? high : rounded;
    return (uint8_t)(int32_t)cut;
}

#if defined(__x86_64__)
WIDE static size_t quantize_wide(
    const float *row, size_t count, float scale, float zero, float low, float high, uint8_t *codes) {
    __m256 s = _mm256_set1_ps(scale), z = _mm256_set1_ps(zero), l = _mm256_set1_ps(low), h = _mm256_set1_ps(high);
    // Gathers the lowest byte of each 32-bit number at the start of each half: four bytes per half.
    __m256i pick = _mm256_setr_epi8(
        0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
        -1);
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        __m256 x = _mm256_add_ps(_mm256_div_ps(_mm256_loadu_ps(row + i), s), z);
        x = _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
        __m256i q = _mm256_shuffle_epi8(_mm256_cvtps_epi32(_mm256_min_ps(_mm256_max_ps(x, l), h)), pick);
        uint32_t halves[2] = {
            (uint32_t)_mm256_extract_epi32(q, 0),
            (uint32_t)_mm256_extract_epi32(q, 4),
        };
        memcpy(codes + i, halves, 8);
    }
    return i;
}
#endif

void cnumerics_quantize(
    const float *row, size_t count, float scale, float zero, float low, float high, uint8_t *codes) {
    size_t i = 0;
#if defined(__x86_64__)
    if (is_wide()) i = quantize_wide(row, count, scale, zero, low, high, codes);
#endif
    for (; i < count; i++) codes[i] = code(row[i], scale, zero, low, high);
}

// MARK: NF4

/// The table of QLoRA (Dettmers et al. 2023), as in OpenVINO's type nf4.
static const float nf4[16] = {
    -1.0f, -0.6961928009986877f, -0.5250730514526367f, -0.39491748809814453f, -0.28444138169288635f, -0.18477343022823334f,
    -0.09105003625154495f, 0.0f, 0.07958029955625534f, 0.16093020141124725f, 0.24611230194568634f, 0.33791524171829224f,
    0.44070982933044434f, 0.5626170039176941f, 0.7229568362236023f, 1.0f};

/// Midpoints of the table: above one of them, the next entry is nearer.
static const float nf4_bounds[15] = {
    -0.84809643f, -0.6106329f, -0.45999527f, -0.33967942f, -0.2346074f, -0.13791174f, -0.045525018f, 0.03979015f,
    0.120255254f, 0.20352125f, 0.29201376f, 0.38931254f, 0.5016634f, 0.6427869f, 0.8614784f};

float cnumerics_nf4(uint8_t index) { return nf4[index & 15]; }

void cnumerics_quantize_nf4(const float *row, size_t count, float scale, uint8_t *codes) {
    for (size_t i = 0; i < count; i++) {
        float x = row[i] / scale;
        uint8_t index = 0;
        for (int k = 0; k < 15; k++) index += x > nf4_bounds[k];
        codes[i] = index;
    }
}

// MARK: Errors and packing

cnumerics_error cnumerics_row_error(
    const float *row, const uint8_t *codes, size_t count, float scale, float zero, int is_signed) {
    cnumerics_error sum = {0, 0};
    // Each block is summed in f32, and the block sums in f64: accurate enough, and vectorized.
    for (size_t start = 0; start < count; start += 64) {
        size_t end = start + 64 < count ? start + 64 : count;
        float difference = 0, reference = 0;
        for (size_t i = start; i < end; i++) {
            float stored = is_signed ? (float)(int8_t)codes[i] : (float)codes[i];
            float error = row[i] - (stored - zero) * scale;
            difference += error * error;
            reference += row[i] * row[i];
        }
        sum.difference += difference;
        sum.reference += reference;
    }
    return sum;
}

cnumerics_error cnumerics_row_error_nf4(const float *row, const uint8_t *codes, size_t count, float scale) {
    cnumerics_error sum = {0, 0};
    for (size_t i = 0; i < count; i++) {
        double error = (double)row[i] - (double)(nf4[codes[i] & 15] * scale);
        sum.difference += error * error;
        sum.reference += (double)row[i] * (double)row[i];
    }
    return sum;
}

void cnumerics_multiply(float *row, const float *factors, size_t count) {
    for (size_t i = 0; i < count; i++) row[i] *= factors[i];
}

void cnumerics_columns(const float *row, size_t count, float *magnitudes, double *squares) {
    for (size_t i = 0; i < count; i++) {
        float magnitude = fabsf(row[i]);
        magnitudes[i] = magnitude > magnitudes[i] ? magnitude : magnitudes[i];
        squares[i] += (double)row[i] * (double)row[i];
    }
}

double cnumerics_row_shift(
    const float *row, const uint8_t *codes, size_t count, float scale, float zero, int is_signed, const float *factors) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        float stored = is_signed ? (float)(int8_t)codes[i] : (float)codes[i];
        sum += (double)(row[i] - (stored - zero) * scale) * (double)factors[i];
    }
    return sum;
}

void cnumerics_pack4(const uint8_t *codes, size_t count, uint8_t *target) {
    for (size_t i = 0; i + 1 < count; i += 2) target[i / 2] = (uint8_t)((codes[i] & 15) | codes[i + 1] << 4);
    if (count % 2) target[count / 2] = codes[count - 1] & 15;
}
