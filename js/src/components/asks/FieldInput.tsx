// One field to fill in: choices, a box to tick, or text. Its name in the form is its number, because
// the names that servers give could be those of the form's own properties.

import type { ComponentChildren } from 'preact';
import { type Field, OTHER } from '../../core/answers.ts';
import { exact } from '../../core/exact.ts';

interface FieldProps {
  field: Field;
  at: number;
  /** What is wrong with what was filled in. */
  fault: string | null;
}

export function FieldInput({ field, at, fault }: FieldProps) {
  const { type, required, initial } = field;
  const name = `f${at}`;
  const words = (
    <>
      {field.header && <span class="cdx-header">{exact(field.header)}</span>}
      <span>{exact(field.label)}</span>
      {!required && type !== 'boolean' && <span class="cdx-quiet"> (optional)</span>}
    </>
  );
  const wrong = fault && (
    <span class="cdx-error" role="alert">
      {' '}
      {fault}
    </span>
  );
  if (type === 'one' || type === 'many') {
    const kind = type === 'one' ? 'radio' : 'checkbox';
    const given = type === 'one' ? [initial] : Array.isArray(initial) ? initial : [];
    return (
      <fieldset class="cdx-field">
        <legend>
          {words}
          {wrong}
        </legend>
        {field.choices.map(({ value, label, description }, index) => (
          <Option key={index}>
            <input type={kind} name={name} value={index} defaultChecked={given.includes(value)} />
            <span>
              {exact(label)}
              {description && <span class="cdx-describes">{exact(description)}</span>}
            </span>
          </Option>
        ))}
        {field.other && (
          <div class="cdx-option">
            <Option>
              <input type="radio" name={name} value={OTHER} />
              <span>Other…</span>
            </Option>
            <input class="cdx-input" name={`o${at}`} aria-label="Other answer" onInput={choose} />
          </div>
        )}
      </fieldset>
    );
  }
  if (type === 'boolean') {
    return (
      <div class="cdx-field">
        <Option>
          <input type="checkbox" name={name} value="true" defaultChecked={initial === true} />
          <span>{words}</span>
        </Option>
      </div>
    );
  }
  const secret = type === 'secret';
  const numeric = type === 'number' || type === 'integer';
  const common = {
    class: 'cdx-input',
    name,
    autocomplete: secret ? 'new-password' : 'off',
    defaultValue: initial === undefined || initial === null ? '' : String(initial),
    'aria-required': required,
    'aria-invalid': fault !== null,
  } as const;
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: it is one of two
    <label class="cdx-field">
      <span>
        {words}
        {wrong}
      </span>
      {/* No `number`: that keeps to itself what it cannot read, and a wheel changes it. */}
      {secret ? (
        <input type="password" {...common} />
      ) : (
        <input type="text" inputMode={numeric ? 'decimal' : 'text'} {...common} />
      )}
    </label>
  );
}

function Option({ children }: { children: ComponentChildren }) {
  // biome-ignore lint/a11y/noLabelWithoutControl: the control is the first of its children
  return <label class="cdx-option">{children}</label>;
}

/** To write another answer is to choose it. */
function choose({ currentTarget: input }: { currentTarget: HTMLInputElement }): void {
  const radio = input.parentElement?.querySelector<HTMLInputElement>('[type=radio]');
  if (radio) radio.checked = true;
}
