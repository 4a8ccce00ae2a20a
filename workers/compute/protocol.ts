/** A worker that computes the CPU forms of kernels for a converting one. */
export interface ComputeApi {
  /** Computes what comes through the port, one after another. */
  serve(port: MessagePort): void;
}
