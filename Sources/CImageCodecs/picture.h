#pragma once

#include "CImageCodecs.h"

/// Checks a header's sizes against the limits, and writes them into `picture`.
glint_codec_status glint_picture_check_size(
    glint_picture *picture, const glint_codec_limits *limits, uint32_t width, uint32_t height);

/// Allocates zeroed memory for `rgb`; the size has been checked before. False if out of memory.
bool glint_picture_allocate(glint_picture *picture);

/// Reserves `count` more bytes of `file`. False if out of memory.
bool glint_picture_reserve(glint_picture *picture, size_t count);
