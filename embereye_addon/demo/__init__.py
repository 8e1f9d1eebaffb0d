"""The demo site: rendered scenes, their clips, an RTSP server, a broker and a PF device; uses only the doors a user would use."""
