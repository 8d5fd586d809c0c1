#pragma once

// Declarations of two Fortran routines, with 32-bit sizes as in every Debian build. The C headers differ between
// implementations; these symbols do not. The last arguments are the lengths of the strings, which Fortran passes implicitly.
#include <stddef.h>

// Eigenvalues and eigenvectors of a symmetric matrix, by divide and conquer.
void dsyevd_(const char *jobz, const char *uplo, const int *n, double *a, const int *lda, double *w, double *work,
             const int *lwork, int *iwork, const int *liwork, int *info, size_t jobz_length, size_t uplo_length);

// c = alpha · op(a) · op(b) + beta · c, all column-major.
void dgemm_(const char *transa, const char *transb, const int *m, const int *n, const int *k, const double *alpha,
            const double *a, const int *lda, const double *b, const int *ldb, const double *beta, double *c, const int *ldc,
            size_t transa_length, size_t transb_length);
