class StackError(Exception):
    """Something a person can act on; its text is the one line that the command ends with.

    details: lines shown below that line, such as the end of a log.
    """

    def __init__(self, message: str, *, details: str = "") -> None:
        super().__init__(message)
        self.details = details
