"""What a review looks at: whether its options agree, and how it is called where turns are read.

Pure; how it becomes arguments is in ``arguments``.
"""

from __future__ import annotations

from codex_notebook.client.options import ReviewOptions
from codex_notebook.errors import InvalidOptionError


def check_review(review: ReviewOptions) -> None:
    """Make sure that a review has one subject.

    Raises
    ------
    InvalidOptionError
        If it has more than one, none but blanks, or a title without a commit.
    """
    subjects = {
        "uncommitted": review.uncommitted,
        "base": review.base,
        "commit": review.commit,
        "instructions": review.instructions,
    }
    given = [name for name, value in subjects.items() if value]
    if len(given) > 1:
        raise InvalidOptionError(
            f"{' and '.join(given)} each say what to review, and the CLI takes only one of them.",
            option=given[1],
        )
    if review.instructions is not None and not review.instructions.strip():
        raise InvalidOptionError(
            "The instructions are empty; write what to review, or leave them out.",
            option="instructions",
        )
    if review.title is not None and review.commit is None:
        raise InvalidOptionError(
            "title names the commit that is reviewed; give commit, too.", option="title"
        )


def describe_review(review: ReviewOptions) -> str:
    """Return what a review was asked, as the prompt of its turn."""
    if review.instructions is not None:
        return f"Review: {review.instructions}"
    if review.base is not None:
        return f"Review the changes against {review.base}"
    if review.commit is not None:
        title = "" if review.title is None else f" ({review.title})"
        return f"Review the commit {review.commit}{title}"
    return "Review the uncommitted changes"
