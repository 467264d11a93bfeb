"""Encode, damage and decode clips in memory, through FFmpeg's libraries: no files, no processes.

Everything runs on one thread with the encoders' machine-dependent choices switched off, so that
the same frames give the same bytes on every CPU. Frames are passed as I420, the encoders' input
format.
"""
