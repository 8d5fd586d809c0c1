#pragma once

// An extension library: OpenVINO loads it and finds its operations. Nothing of it is called directly.
