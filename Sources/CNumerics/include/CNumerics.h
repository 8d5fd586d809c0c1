#ifndef CNUMERICS_H
#define CNUMERICS_H

#include <stddef.h>
#include <stdint.h>

/// Loops over rows of weights and over sound. The caller guarantees the bounds; no function allocates memory or retains a
/// pointer. Each has a plain form and one for AVX2, FMA and F16C, selected at run time. Both compute the same values.

typedef enum { CNUMERICS_F32, CNUMERICS_F16, CNUMERICS_BF16 } cnumerics_type;

/// Loads `count` numbers, `stride` elements apart, as f32. `source` may be unaligned.
void cnumerics_load(cnumerics_type type, const void *source, size_t stride, size_t count, float *target);

/// Range of a row.
typedef struct {
    float minimum, maximum;
    /// 0 if a number is NaN or infinite; minimum and maximum are then invalid.
    int finite;
} cnumerics_range;

/// - Precondition: count > 0.
cnumerics_range cnumerics_row_range(const float *row, size_t count);

/// Computes integers round(x / scale + zero), ties to even, clamped to low ... high, as bytes (i8 in two's complement).
void cnumerics_quantize(
    const float *row, size_t count, float scale, float zero, float low, float high, uint8_t *codes);

/// Adjusts the codes of `cnumerics_quantize` so that, in each run of `kernel` weights, their sum is the nearest to that of
/// the weights. Codes are moved to the other neighbouring integer, within low ... high, those with the largest rounding
/// error first.
void cnumerics_keep_sums(
    const float *row, size_t count, size_t kernel, float scale, float zero, float low, float high, int is_signed,
    uint8_t *codes);

/// Computes indices into the NF4 table of the entries nearest to x / scale.
void cnumerics_quantize_nf4(const float *row, size_t count, float scale, uint8_t *codes);

/// The value of an NF4 index.
float cnumerics_nf4(uint8_t index);

/// Sums of squares: of row − dequantized, (code − zero) · scale, and of row.
typedef struct {
    double difference, reference;
} cnumerics_error;

/// - Parameter is_signed: codes are i8, otherwise u8.
cnumerics_error cnumerics_row_error(
    const float *row, const uint8_t *codes, size_t count, float scale, float zero, int is_signed);

/// Errors of a row stored as NF4 indices.
cnumerics_error cnumerics_row_error_nf4(const float *row, const uint8_t *codes, size_t count, float scale);

/// Multiplies each number by the factor of the same index.
void cnumerics_multiply(float *row, const float *factors, size_t count);

/// The sum of (row − (code − zero) · scale) · factor: the amount by which rounding reduces a sum of products.
double cnumerics_row_shift(
    const float *row, const uint8_t *codes, size_t count, float scale, float zero, int is_signed, const float *factors);

/// Updates each column's largest magnitude and sum of squares by a row.
void cnumerics_columns(const float *row, size_t count, float *magnitudes, double *squares);

/// Adds numbers to a histogram. The bin is (x − low) · per_unit, truncated and clamped to 0 ... bins − 1; 0 for NaN.
/// - Precondition: bins is 1 to 4096.
void cnumerics_histogram(
    const float *values, size_t count, float low, float per_unit, uint32_t bins, uint64_t *counts);

/// Packs the lower four bits of each code, two per byte, the first in the lower half. An odd last one is padded with 0.
void cnumerics_pack4(const uint8_t *codes, size_t count, uint8_t *target);

/// The logarithm of the sum of exp(x); −∞ for an empty row, and where all numbers are −∞. Numbers are not NaN.
float cnumerics_log_sum_exp(const float *row, size_t count);

/// The largest number; −∞ for an empty row. Numbers are not NaN.
float cnumerics_max(const float *row, size_t count);

// MARK: Sound

/// Samples that a frame spans, and samples from one frame to the next.
enum { CNUMERICS_FRAME = 400, CNUMERICS_HOP = 160 };

/// Tables of a log-mel spectrogram.
typedef struct {
    /// Factors of a frame's samples: CNUMERICS_FRAME.
    const float *window;
    /// cos and sin of 2π·k / CNUMERICS_FRAME in turn, for k in 0 ..< CNUMERICS_FRAME.
    const float *circle;
    /// Filters in sparse rows: the first frequency of each, the number of its weights, and the weights of all, one filter after
    /// the other. Frequencies are 0 ... CNUMERICS_FRAME / 2.
    size_t bins;
    const uint32_t *firsts, *counts;
    const float *weights;
} cnumerics_mel;

/// Computes log10(max(1e-10, filter · |DFT(window · frame)|²)) of `frames` frames, the first at `samples`, into rows of
/// `stride` numbers, a row per bin.
void cnumerics_log_mel(const cnumerics_mel *mel, const float *samples, size_t frames, size_t stride, float *target);

#endif
