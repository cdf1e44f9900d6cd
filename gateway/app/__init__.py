"""The one room that knows everybody: puts the parts of a gateway together and takes them apart again."""

from gateway.app.gateway import Gateway

__all__ = ["Gateway"]
