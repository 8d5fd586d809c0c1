#include "CNumerics.h"

#include <math.h>

// The two forms differ in the width of their registers alone; fused operations would make them differ in rounding.
#pragma STDC FP_CONTRACT OFF

#define INLINE static inline __attribute__((always_inline))

/// A number of each of eight frames. Frames are transformed side by side, so that no step has to exchange lanes.
enum { LANES = 8 };
typedef float lanes __attribute__((vector_size(4 * LANES)));
typedef struct {
    lanes re, im;
} complex_lanes;

/// The real transform of FRAME samples is made from the complex one of half as many.
enum { FRAME = CNUMERICS_FRAME, HALF = FRAME / 2, POWERS = HALF + 1 };

INLINE complex_lanes add(complex_lanes a, complex_lanes b) { return (complex_lanes){a.re + b.re, a.im + b.im}; }
INLINE complex_lanes subtract(complex_lanes a, complex_lanes b) { return (complex_lanes){a.re - b.re, a.im - b.im}; }
INLINE complex_lanes scale(float factor, complex_lanes a) { return (complex_lanes){factor * a.re, factor * a.im}; }
/// −i · a
INLINE complex_lanes turn(complex_lanes a) { return (complex_lanes){a.im, -a.re}; }
/// exp(−2πi · k / FRAME) · a
INLINE complex_lanes rotate(const float *circle, int k, complex_lanes a) {
    float cosine = circle[2 * k], sine = circle[2 * k + 1];
    return (complex_lanes){cosine * a.re + sine * a.im, cosine * a.im - sine * a.re};
}

INLINE void transform2(complex_lanes *x) {
    complex_lanes sum = add(x[0], x[1]);
    x[1] = subtract(x[0], x[1]);
    x[0] = sum;
}

INLINE void transform4(complex_lanes *x) {
    complex_lanes even = add(x[0], x[2]), even_difference = subtract(x[0], x[2]);
    complex_lanes odd = add(x[1], x[3]), odd_difference = turn(subtract(x[1], x[3]));
    x[0] = add(even, odd);
    x[1] = add(even_difference, odd_difference);
    x[2] = subtract(even, odd);
    x[3] = subtract(even_difference, odd_difference);
}

INLINE void transform5(complex_lanes *x) {
    // cos and sin of 2π/5 and 4π/5.
    const float c1 = 0.309016994374947424f, c2 = -0.809016994374947424f;
    const float s1 = 0.951056516295153572f, s2 = 0.587785252292473129f;
    complex_lanes outer = add(x[1], x[4]), outer_difference = turn(subtract(x[1], x[4]));
    complex_lanes inner = add(x[2], x[3]), inner_difference = turn(subtract(x[2], x[3]));
    complex_lanes a = add(x[0], add(scale(c1, outer), scale(c2, inner)));
    complex_lanes b = add(x[0], add(scale(c2, outer), scale(c1, inner)));
    complex_lanes c = add(scale(s1, outer_difference), scale(s2, inner_difference));
    complex_lanes d = subtract(scale(s2, outer_difference), scale(s1, inner_difference));
    x[0] = add(x[0], add(outer, inner));
    x[1] = add(a, c);
    x[2] = add(b, d);
    x[3] = subtract(b, d);
    x[4] = subtract(a, c);
}

/// One pass of Stockham's transform, which leaves the numbers in order: `stride` transforms of `size` numbers become
/// radix · stride transforms of size / radix.
INLINE void pass(int radix, int size, int stride, const float *circle, const complex_lanes *in, complex_lanes *out) {
    int part = size / radix;
    for (int p = 0; p < part; p++) {
        for (int q = 0; q < stride; q++) {
            complex_lanes x[5];
            for (int j = 0; j < radix; j++) x[j] = in[q + stride * (p + part * j)];
            if (radix == 2) transform2(x);
            if (radix == 4) transform4(x);
            if (radix == 5) transform5(x);
            out[q + stride * radix * p] = x[0];
            for (int k = 1; k < radix; k++)
                out[q + stride * (radix * p + k)] = rotate(circle, FRAME / size * p * k, x[k]);
        }
    }
}

/// Squared magnitudes of the transforms of eight frames. `lane` are their first samples.
INLINE void powers_of(const cnumerics_mel *mel, const float *const lane[LANES], lanes *powers) {
    complex_lanes a[HALF], b[HALF];
    for (int n = 0; n < HALF; n++) {
        for (int k = 0; k < LANES; k++) {
            a[n].re[k] = lane[k][2 * n];
            a[n].im[k] = lane[k][2 * n + 1];
        }
        a[n].re *= mel->window[2 * n];
        a[n].im *= mel->window[2 * n + 1];
    }
    pass(4, 200, 1, mel->circle, a, b);
    pass(2, 50, 4, mel->circle, b, a);
    pass(5, 25, 8, mel->circle, a, b);
    pass(5, 5, 40, mel->circle, b, a);
    // a = E + i·O, the transforms of the even and of the odd samples, whose symmetry separates them.
    for (int k = 0; k < POWERS; k++) {
        complex_lanes low = a[k % HALF], high = a[(HALF - k) % HALF];
        high.im = -high.im;
        complex_lanes sum = add(add(low, high), rotate(mel->circle, k, turn(subtract(low, high))));
        powers[k] = 0.25f * (sum.re * sum.re + sum.im * sum.im);
    }
}

INLINE void log_mel(const cnumerics_mel *mel, const float *samples, size_t frames, size_t stride, float *target) {
    const float log10_of_2 = 0.301029995663981195f;
    for (size_t start = 0; start < frames; start += LANES) {
        size_t count = frames - start < LANES ? frames - start : LANES;
        const float *lane[LANES];
        // Lanes without a frame repeat the last one.
        for (size_t k = 0; k < LANES; k++) lane[k] = samples + (start + (k < count ? k : count - 1)) * CNUMERICS_HOP;
        lanes powers[POWERS];
        powers_of(mel, lane, powers);
        const float *weights = mel->weights;
        for (size_t bin = 0; bin < mel->bins; bin++) {
            lanes sum = {0};
            for (uint32_t i = 0; i < mel->counts[bin]; i++) sum += *weights++ * powers[mel->firsts[bin] + i];
            float *row = target + bin * stride + start;
            for (size_t k = 0; k < count; k++) row[k] = log10_of_2 * log2f(sum[k] > 1e-10f ? sum[k] : 1e-10f);
        }
    }
}

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) static void log_mel_wide(
    const cnumerics_mel *mel, const float *samples, size_t frames, size_t stride, float *target) {
    log_mel(mel, samples, frames, stride, target);
}
#endif

void cnumerics_log_mel(const cnumerics_mel *mel, const float *samples, size_t frames, size_t stride, float *target) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        log_mel_wide(mel, samples, frames, stride, target);
        return;
    }
#endif
    log_mel(mel, samples, frames, stride, target);
}
