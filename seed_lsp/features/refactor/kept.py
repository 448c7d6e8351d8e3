"""What an answer has to keep: the checks on a model's code for a region, in the words of each."""

from __future__ import annotations

from collections.abc import Callable

from seed_lsp.features.refactor import done, kept_code, kept_flow, kept_names, kept_texts
from seed_lsp.features.refactor.change import Change

Check = Callable[[Change], str]

CHECKS: tuple[Check, ...] = (
    kept_code.lost_definition,
    kept_code.lost_statements,
    kept_code.changed_signature,
    kept_code.lost_decorator,
    kept_texts.lost_licence,
    kept_texts.lost_docstring,
    kept_texts.lost_comment,
    kept_texts.lost_text,
    kept_texts.lost_fence,
    kept_texts.changed_line_around,
    kept_names.undefined_name,
    kept_names.dropped_variable,
    done.changed_rest,
    done.more_than_names,
    done.missing_parameter,
    done.missing_condition,
    done.missing_own_name,
    done.missing_before_return,
)
"""For words that say what is to change."""
SAME_BEHAVIOUR: tuple[Check, ...] = (*(check for check in CHECKS if check is not kept_code.lost_statements), kept_flow.moved_effect)
"""For code that is to do the same in another way: it may be shorter."""


def refusal(change: Change) -> str:
    """Why the answer may not be applied, in the user's words; empty if it may."""
    for check in SAME_BEHAVIOUR if change.same_behaviour else CHECKS:
        if words := check(change):
            return words
    return ""
