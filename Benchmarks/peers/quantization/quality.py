"""How far pictures are from others."""
import statistics

import numpy

# What two equal pictures count as; 8 bits cannot tell more than 99 dB over a picture of a few million values.
EQUAL_DB = 100.0


def psnr(picture, reference):
    """Peak signal-to-noise ratio of two pictures of 8 bits, in dB."""
    error = numpy.mean((picture.astype(numpy.float64) - reference.astype(numpy.float64)) ** 2)
    return EQUAL_DB if error == 0 else min(10 * numpy.log10(255.0 ** 2 / error), EQUAL_DB)


def summary(pictures, references):
    """PSNR of every picture against its reference, and what is said of them together."""
    each = [float(psnr(*pair)) for pair in zip(pictures, references, strict=True)]
    return {
        "pictures": len(each),
        "mean_db": statistics.fmean(each),
        "standard_deviation_db": statistics.stdev(each) if len(each) > 1 else 0.0,
        "minimum_db": min(each),
        "median_db": statistics.median(each),
        "each_db": each,
    }
