#ifndef CNUMERICS_H
#define CNUMERICS_H

#include <stddef.h>
#include <stdint.h>

/// Loops over rows of weights. Whoever calls answers for the bounds; no function allocates or keeps anything.
/// Each has a plain form and one for AVX2, FMA and F16C, chosen by the processor. Both compute the same values.

typedef enum { CNUMERICS_F32, CNUMERICS_F16, CNUMERICS_BF16 } cnumerics_type;

/// `count` numbers that lie `stride` elements apart, as f32; `source` may lie at any address.
void cnumerics_load(cnumerics_type type, const void *source, size_t stride, size_t count, float *target);

/// What a row spans.
typedef struct {
    float minimum, maximum;
    /// 0 where a number is NaN or infinite; minimum and maximum then mean nothing.
    int finite;
} cnumerics_range;

/// - Precondition: count > 0.
cnumerics_range cnumerics_row_range(const float *row, size_t count);

/// Integers round(x / scale + zero), ties to even, cut to low ... high; written as bytes (i8 in two's complement).
void cnumerics_quantize(
    const float *row, size_t count, float scale, float zero, float low, float high, uint8_t *codes);

/// Moves codes of each run of `kernel` weights to the next integer, those nearest to it first, until their sum is the nearest to
/// that of the weights; within low ... high. For codes that `cnumerics_quantize` found.
void cnumerics_keep_sums(
    const float *row, size_t count, size_t kernel, float scale, float zero, float low, float high, int is_signed,
    uint8_t *codes);

/// Indices into the NF4 table of the entries nearest to x / scale.
void cnumerics_quantize_nf4(const float *row, size_t count, float scale, uint8_t *codes);

/// The number an NF4 index stands for.
float cnumerics_nf4(uint8_t index);

/// Sums of squares: of row − dequantized, (code − zero) · scale, and of row.
typedef struct {
    double difference, reference;
} cnumerics_error;

/// - Parameter is_signed: codes are i8, otherwise u8.
cnumerics_error cnumerics_row_error(
    const float *row, const uint8_t *codes, size_t count, float scale, float zero, int is_signed);

/// The same of NF4 indices.
cnumerics_error cnumerics_row_error_nf4(const float *row, const uint8_t *codes, size_t count, float scale);

/// Multiplies each number by the factor at its place.
void cnumerics_multiply(float *row, const float *factors, size_t count);

/// The sum of (row − (code − zero) · scale) · factor: what rounding takes from a sum of products.
double cnumerics_row_shift(
    const float *row, const uint8_t *codes, size_t count, float scale, float zero, int is_signed, const float *factors);

/// Takes a row into each column's largest magnitude and sum of squares.
void cnumerics_columns(const float *row, size_t count, float *magnitudes, double *squares);

/// Adds to the counts of numbers by (x − low) · per_unit, cut off to a whole number from 0 to bins − 1. NaN counts as 0.
/// - Precondition: bins is 1 to 4096.
void cnumerics_histogram(
    const float *values, size_t count, float low, float per_unit, uint32_t bins, uint64_t *counts);

/// The lower four bits of each code, two a byte, the first in the lower half; an odd last one fills its byte with 0.
void cnumerics_pack4(const uint8_t *codes, size_t count, uint8_t *target);

#endif
