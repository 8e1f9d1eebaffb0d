"""A decoder for a stream: on the hardware that the settings ask for, else in software, with the reason in words."""

from dataclasses import dataclass

import av
from av.codec.hwaccel import HWAccel, hwdevices_available

from embereye_addon.sources.camera.rtsp import Opened

CHOICES = ("software", "vaapi", "qsv", "auto")
"""Values of `detection.decode`."""
_OWN_DECODERS = {"qsv": "_qsv"}
"""Hardware that FFmpeg reaches by decoders of their own names, not by a device under the common one."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A new decoder. `hardware` is what it runs on, empty for software; `why` says why not on what was asked for."""

    context: "av.VideoCodecContext"
    hardware: str = ""
    why: str = ""


def decoder(opened: Opened, choice: str, unfiltered: bool = False, strict: bool = True) -> Unit:
    """A decoder of one thread for this stream. `FFmpegError` or `ValueError` when its codec cannot be decoded.

    `unfiltered` leaves out the loop filter but on key frames; hardware always filters. `strict` refuses pictures with
    damage or missing references where FFmpeg can tell, in place of hiding the damage.
    """
    reasons: list[str] = []
    for name in ("vaapi", "qsv") if choice == "auto" else (choice,):
        if name == "software":
            continue
        try:
            return Unit(_on_hardware(opened, name), name)
        except (av.error.FFmpegError, ValueError, OSError) as err:
            reasons.append(_words(name, err))
    options = {"err_detect": "explode"} if strict else {}
    if unfiltered:
        options["skip_loop_filter"] = "nokey"
    context = _context(opened, opened.codec)
    context.options = options
    return Unit(context, "", "; ".join(reasons))


def _context(opened: Opened, name: str, accel: HWAccel | None = None) -> "av.VideoCodecContext":
    context = av.CodecContext.create(name, "r", hwaccel=accel)
    if not isinstance(context, av.VideoCodecContext):
        msg = f"{name} is no video"
        raise ValueError(msg)
    if opened.extradata:
        context.extradata = opened.extradata
    context.thread_count = 1
    context.thread_type = "NONE"
    return context


def _on_hardware(opened: Opened, name: str) -> "av.VideoCodecContext":
    if name in _OWN_DECODERS:
        context = _context(opened, opened.codec + _OWN_DECODERS[name])
        context.open()
        return context
    if name not in hwdevices_available():
        msg = "not built in"
        raise ValueError(msg)
    context = _context(opened, opened.codec, HWAccel(name, allow_software_fallback=False))
    context.open()
    if not context.is_hwaccel:
        msg = "not for this codec"
        raise ValueError(msg)
    return context


def _words(name: str, err: Exception) -> str:
    shown = name.upper()
    if isinstance(err, av.error.FFmpegError | OSError) and not isinstance(err, ValueError):
        return f"{shown} cannot be used on this machine: no such hardware, no driver, or no right to use it"
    known = {"not built in": f"{shown} is not part of this build of FFmpeg", "not for this codec": ""}
    return known.get(str(err)) or f"{shown} does not decode this stream's codec"
