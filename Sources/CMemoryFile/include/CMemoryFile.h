#ifndef CMEMORYFILE_H
#define CMEMORYFILE_H

#include <stddef.h>

/// Calls of Linux that Glibc's Swift module hides behind _GNU_SOURCE, or that are variadic.

/// A file without a path whose pages are memory (memfd_create(2)); -1 and `errno` where the system refuses.
int cmemoryfile_create(const char *name);

/// Makes the file's size and bytes final: no mapping or descriptor can change them. -1 and `errno` on failure.
int cmemoryfile_seal(int descriptor);

/// Makes the file's size final; its bytes can still be overwritten. -1 and `errno` on failure.
int cmemoryfile_seal_size(int descriptor);

/// Gives the whole pages of a range back to the system: mappings read zeros there. -1 and `errno` on failure.
int cmemoryfile_release(int descriptor, size_t offset, size_t count);

/// The most bytes that this process may lock in memory; 0 where the system does not say.
unsigned long long cmemoryfile_lock_limit(void);

/// Forbids core dumps of this process, and reading its memory to other processes of the same user. -1 and `errno` on failure.
int cmemoryfile_forbid_dumps(void);

/// Whether the process may be dumped: 1 or 0.
int cmemoryfile_may_be_dumped(void);

#endif
