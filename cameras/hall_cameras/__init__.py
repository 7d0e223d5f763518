"""The hall's ONVIF cameras and the city's video platform. Nothing is here yet."""
