// Requests, events and pictures are part of what this module's users write and read.
@_exported public import Diffusion
@_exported public import Imaging
