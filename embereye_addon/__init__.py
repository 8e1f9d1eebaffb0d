"""EmberEye: open, supplementary fire detection for Home Assistant and any NVR."""

__version__ = "0.1.0"
