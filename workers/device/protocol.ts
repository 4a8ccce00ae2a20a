/** The worker that owns the graphics device of a conversion, for all who compute. */
export interface DeviceApi {
  /** Runs what comes through the port, in one queue with what comes through others. */
  serve(port: MessagePort): void;
}
