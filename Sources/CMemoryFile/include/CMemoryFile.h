#ifndef CMEMORYFILE_H
#define CMEMORYFILE_H

/// Linux's memfd_create(2), which Glibc's Swift module hides behind _GNU_SOURCE.

/// A file without a path whose pages are memory; -1 and `errno` where the system refuses.
int cmemoryfile_create(const char *name);

/// Makes the file's size and bytes final: no mapping or descriptor can change them. -1 and `errno` on failure.
int cmemoryfile_seal(int descriptor);

#endif
