"""The linear-program solver, without its banner."""

import highspy


class QuietSolver(highspy.Highs):
    """Highs prints a banner while it is made, before anyone could set an option."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # the library types no constructor

    def enableCallbacks(self) -> None:  # noqa: N802 - the library's name
        """Be quiet instead, as the last act of the constructor: nothing here asks for callbacks."""
        self.silent()
