"""An RTSP server made of GStreamer's gst-rtsp-server, to have cameras which share no code with ours.

    /usr/bin/python3 gst_server.py [--port N] [--user U --password P [--basic]] PATH=FILE.mp4 ...

Every H.264 file (H.265 where its name ends in .h265.mp4) is a stream rtsp://127.0.0.1:PORT/PATH in real time, from
its beginning for each who watches, so that nobody waits for a key frame. It ends where the file ends: give it a long
one. The port taken is the one line on standard output, written when clients may come. The server ends when its
standard input closes. It runs in Debian's own Python: packages python3-gi, gir1.2-gst-rtsp-server-1.0,
gstreamer1.0-plugins-good and -bad.
"""

import argparse
from pathlib import Path
from typing import Any

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

_VIEWER = "viewer"


def launch_line(file: Path) -> str:
    """The GStreamer pipeline which plays one file.

    Parameter sets are sent with key frames, once a second at most: before every IDR slice (-1), as the payloader can
    as well, they would cut a picture of several slices into several pictures.
    """
    kind = "h265" if file.name.endswith(".h265.mp4") else "h264"
    pay = f"rtp{kind}pay name=pay0 pt=96 config-interval=1"
    return f'( filesrc location="{file}" ! qtdemux ! {kind}parse ! {pay} )'


def stream(file: Path, locked: bool) -> Any:
    """The factory of one stream; a locked one lets only those play who proved to be a viewer."""
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(launch_line(file))
    if locked:
        permissions = GstRtspServer.RTSPPermissions()
        permissions.add_role(_VIEWER)
        permissions.add_permission_for_role(_VIEWER, "media.factory.access", True)
        permissions.add_permission_for_role(_VIEWER, "media.factory.construct", True)
        factory.set_permissions(permissions)
    return factory


def lock(server: Any, user: str, password: str, basic: bool) -> None:
    """Ask every client for user and password, by digest unless basic is wanted."""
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", _VIEWER)
    auth = GstRtspServer.RTSPAuth()
    if basic:
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.BASIC)
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    else:
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest(user, password, token)
    server.set_auth(auth)


def main() -> None:
    """Serve until standard input closes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--user")
    parser.add_argument("--password", default="")
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--basic", action="store_true")
    way.add_argument("--digest", action="store_true", help="the default where a user is given")
    parser.add_argument("streams", nargs="+", metavar="PATH=FILE")
    asked = parser.parse_args()

    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(str(asked.port))
    if asked.user is not None:
        lock(server, asked.user, asked.password, asked.basic)
    mounts = server.get_mount_points()
    for pair in asked.streams:
        path, _, file = pair.partition("=")
        mounts.add_factory("/" + path.lstrip("/"), stream(Path(file).absolute(), asked.user is not None))
    if not server.attach(None):
        raise SystemExit(f"port {asked.port} is taken")

    loop = GLib.MainLoop()
    GLib.io_add_watch(0, GLib.PRIORITY_DEFAULT, GLib.IOCondition.HUP, lambda *_: loop.quit())
    GLib.timeout_add_seconds(5, lambda: bool(server.get_session_pool().cleanup()) or True)
    print(server.get_bound_port(), flush=True)
    loop.run()


if __name__ == "__main__":
    main()
