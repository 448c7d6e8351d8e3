"""Instructions that are held out: nothing may be written for them.

They measure how the program does with sentences that its authors did not think of. So no check and
no understanding of instructions (`seed_lsp/features/refactor`) may be made for these wordings or
these kinds, and none of them may become a test or an example there. A kind that is wanted belongs
into the fixed group, and another one in its place here.
"""

from benchmarks.refactorings.instructions.held_out import branches, parameters, values, wordings

ALL = (*wordings.ALL, *parameters.ALL, *branches.ALL, *values.ALL)
