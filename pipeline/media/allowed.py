"""Containers, protocols and decoders of FFmpeg that may read a source.

Source videos can come from anyone, so that only what videos of data sets use is opened.
"""

CONTAINERS = "mov,mp4,matroska,webm,avi,mpegts,mpeg,flv,asf,ogg"
"""FFmpeg's demuxers that may open a source: containers that hold their pictures themselves. Others
(playlists, concat scripts, SDP, image patterns) name further files or addresses, which FFmpeg would
open whatever the extension of the file."""

PROTOCOLS = "file"
