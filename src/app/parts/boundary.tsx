import { Component, type ReactNode } from 'react';
import { Shown } from './shown.tsx';

interface State {
  readonly message: string | null;
}

/** Catches what breaks while drawing, and says so instead of leaving an empty page. */
export class Boundary extends Component<{ readonly children: ReactNode }, State> {
  override state: State = { message: null };

  static getDerivedStateFromError(error: unknown): State {
    return { message: error instanceof Error ? error.message : String(error) };
  }

  override render() {
    if (this.state.message === null) return this.props.children;
    return (
      <section className="notice failed" role="alert">
        <h1>This view broke while it was drawn.</h1>
        <p>
          The program failed, not your files:{' '}
          <code>
            <Shown text={this.state.message} />
          </code>
        </p>
        <button type="button" className="button primary" onClick={() => this.setState({ message: null })}>
          Draw it again
        </button>
      </section>
    );
  }
}
