"""What a policy sees cannot be changed by it."""


class ReadOnly:
    """Its attributes are set once, by the constructor; from then on assignment is refused.

    For classes with ``__slots__``, so that there is nothing to add either.
    """

    __slots__ = ()

    def __setattr__(self, name: str, value: object) -> None:
        """Set what has not been set yet.

        Parameters
        ----------
        name : str
            Name of the attribute.
        value : object
            Its value.

        Raises
        ------
        AttributeError
            If it has a value already.
        """
        if hasattr(self, name):
            raise AttributeError(_refusal(self, name))
        object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        """Refuse to delete an attribute: what a policy sees is read-only."""
        raise AttributeError(_refusal(self, name))


def _refusal(view: object, name: str) -> str:
    return f"{type(view).__name__}.{name} cannot be changed: what a policy sees is read-only"
