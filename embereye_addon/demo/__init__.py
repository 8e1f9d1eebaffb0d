"""The demo site: rendered scenes, RTSP server, broker and PF devices; uses only the doors a user would use."""
