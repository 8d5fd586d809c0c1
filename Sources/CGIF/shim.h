// gif_lib.h uses size_t without including its header.
#include <stddef.h>
#include <gif_lib.h>
