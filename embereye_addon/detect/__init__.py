"""From pictures to detections: the model, its inputs and outputs, tracks, and who watches what."""
