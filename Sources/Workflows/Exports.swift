// Requests, events and pictures are part of this module's API.
@_exported public import Diffusion
@_exported public import Imaging
