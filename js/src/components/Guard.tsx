// Keeps a card that cannot be drawn from taking the panel with it.

import { Component, type ComponentChildren } from 'preact';

export class Guard extends Component<{ children: ComponentChildren }, { error: unknown }> {
  override state = { error: null };

  static override getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    if (this.state.error === null) return this.props.children;
    return (
      <div class="cdx-callout cdx-callout-warning">
        <span class="cdx-callout-text">
          This item could not be shown: {String(this.state.error)}
        </span>
      </div>
    );
  }
}
