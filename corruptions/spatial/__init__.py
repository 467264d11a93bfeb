"""Corruptions of each frame for itself: noise, weather, light, colour, blur, camera position."""
