#pragma once

// The C++ interface of the runtime, for GlintOperations. Swift uses the C interface (COpenVINO).
