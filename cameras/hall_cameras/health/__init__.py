"""视频质量诊断: what a picture measures, and when a measure is a fault. Pure; no I/O, no clock."""
