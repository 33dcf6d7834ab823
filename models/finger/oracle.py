"""The outside oracle: the real NFIQ 2, through nbis-py's public interface."""

import nbis

_extractor = nbis.new_nbis_extractor(
    nbis.NbisExtractorSettings(
        min_quality=0.0, get_center=False, check_fingerprint=False, compute_nfiq2=True, ppi=500.0
    )
)


def judged(png):
    """Score and native values of a picture's bytes; None if it cannot be scored."""
    try:
        quality = _extractor.extract_minutiae(png).quality()
    except nbis.NbisError:
        return None
    if not 0 <= quality.score <= 100:
        return None
    return quality.score, {value.name: value.value for value in quality.features}
