"""Every error of EmberEye: one root, six families, divided by what the reader can do about it."""


class EmberEyeError(Exception):
    """The root. `code` is stable and goes into logs and metrics; the text is for people."""

    code = "error"


class SettingsError(EmberEyeError):
    """The installer must act. Names the key, the value and what is allowed, in words."""

    code = "settings"

    def __init__(self, key: str, value: object, allowed: str) -> None:
        self.key, self.value, self.allowed = key, value, allowed
        super().__init__(f"{key}: {value!r} is not accepted; allowed: {allowed}")


class SettingsFileError(EmberEyeError):
    """The settings file as a whole cannot be used; `reasons` holds one line for each mistake."""

    code = "settings_file"

    def __init__(self, path: str, reasons: tuple[str, ...]) -> None:
        self.path, self.reasons = path, reasons
        super().__init__("\n".join((f"The settings in {path} cannot be used:", *(f"  - {line}" for line in reasons))))


class LinkError(EmberEyeError):
    """A connection failed and will be retried."""

    code = "link"


class ProtocolError(EmberEyeError):
    """A piece of input was dropped."""

    code = "protocol"


class ModelError(EmberEyeError):
    """The detection model cannot see: missing, unreadable, or failing its self-test."""

    code = "model"


class StorageError(EmberEyeError):
    """The disk refused: full, read-only or damaged."""

    code = "storage"


class BusError(EmberEyeError):
    """The bus is away or refused."""

    code = "bus"
