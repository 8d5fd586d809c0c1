#pragma once

#include "CImageCodecs.h"

/// The limits' verdict on a header's sizes, which it writes into `picture`.
glint_codec_status glint_picture_check_size(
    glint_picture *picture, const glint_codec_limits *limits, uint32_t width, uint32_t height);

/// Zeroed memory for `rgb`, whose size has been checked. False without memory.
bool glint_picture_allocate(glint_picture *picture);

/// Room for `count` more bytes of `file`. False without memory.
bool glint_picture_reserve(glint_picture *picture, size_t count);
