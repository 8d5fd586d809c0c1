// y = x / (1 + exp(-slope[c] * x)) on GPUs. One work item an element: global size (x, y * f, b) of the output in bfyx.
//
// The plugin defines for each input and output its pitches, sizes and offset, here of x with four axes; see
// https://docs.openvino.ai/2025/documentation/openvino-extensibility/custom-gpu-operations.html
__kernel void channel_swish(const __global INPUT0_TYPE *x, const __global INPUT1_TYPE *slope, __global OUTPUT0_TYPE *y) {
    const int column = get_global_id(0);
    const int row = get_global_id(1) % OUTPUT0_DIMS[2];
    const int channel = get_global_id(1) / OUTPUT0_DIMS[2];
    const int batch = get_global_id(2);
    const int source = batch * INPUT0_PITCHES[0] + channel * INPUT0_PITCHES[1] + row * INPUT0_PITCHES[2] +
                       column * INPUT0_PITCHES[3] + INPUT0_OFFSET;
    const int target = batch * OUTPUT0_PITCHES[0] + channel * OUTPUT0_PITCHES[1] + row * OUTPUT0_PITCHES[2] +
                       column * OUTPUT0_PITCHES[3] + OUTPUT0_OFFSET;
    const float value = x[source];
    y[target] = (OUTPUT0_TYPE)(value / (1.0f + exp(-(float)slope[channel] * value)));
}
