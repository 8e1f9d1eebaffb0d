"""RTSP cameras: a demux thread a stream, one decode thread a process, newest frame wins."""
