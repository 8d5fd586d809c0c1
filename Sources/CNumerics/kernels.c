#include "CNumerics.h"

#include <math.h>

static float stored(uint8_t code, int is_signed) { return is_signed ? (float)(int8_t)code : (float)code; }

void cnumerics_keep_sums(
    const float *row, size_t count, size_t kernel, float scale, float zero, float low, float high, int is_signed,
    uint8_t *codes) {
    for (size_t start = 0; start + kernel <= count; start += kernel) {
        const float *x = row + start;
        uint8_t *q = codes + start;
        float missing = 0;
        for (size_t i = 0; i < kernel; i++) missing += x[i] / scale + zero - stored(q[i], is_signed);
        int moves = (int)rintf(missing);
        float step = moves < 0 ? -1.0f : 1.0f;
        for (; moves != 0; moves -= (int)step) {
            // The element with the largest rounding error in this direction. Moving it reverses the error's sign, so each is
            // moved at most once.
            size_t best = kernel;
            float most = 0;
            for (size_t i = 0; i < kernel; i++) {
                float code = stored(q[i], is_signed), owed = (x[i] / scale + zero - code) * step;
                if (owed > most && code + step >= low && code + step <= high) {
                    most = owed;
                    best = i;
                }
            }
            if (best == kernel) break;
            q[best] = (uint8_t)(int32_t)(stored(q[best], is_signed) + step);
        }
    }
}
