import { For, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { ExplainView } from '../../../src/contracts/commands.ts';
import { bytes, plural, tokens } from '../../format/numbers.ts';

const sumOf = ({ ram, gpus }: { ram: number; gpus: readonly number[] }): number =>
  ram + gpus.reduce((sum, gpu) => sum + gpu, 0);

/** The arithmetic behind the verdict: who leaves, who comes first, and what the memory is made of. */
export const ExplainParts = (props: { view: ExplainView; nameOf: (id: string) => string }): JSX.Element => (
  <>
    <Show
      when={props.view.leaving.length > 0}
      fallback={
        <Show when={props.view.evicts.length > 0}>
          <p class="explain__text">
            Would be unloaded: <strong>{props.view.evicts.map((id) => props.nameOf(id)).join(', ')}</strong>
          </p>
        </Show>
      }
    >
      <ul class="explain__list" aria-label="Who would make room">
        <For each={props.view.leaving}>
          {(one) => (
            <li>
              <strong>{props.nameOf(one.id)}</strong> gives {bytes(sumOf(one.bytes))}: {one.why}
            </li>
          )}
        </For>
      </ul>
    </Show>
    <Show when={props.view.waitsFor.length > 0}>
      <p class="explain__text">
        It would wait for <strong>{props.view.waitsFor.map((id) => props.nameOf(id)).join(', ')}</strong>
      </p>
    </Show>
    <Show when={props.view.queue.length > 0}>
      <p class="explain__text">{plural(props.view.queue.length, 'load')} wait already and come first.</p>
    </Show>
    <Show when={props.view.parts.length > 0}>
      <details class="explain__more">
        <summary>What it is made of</summary>
        <div class="effective__scroll" tabindex="0" role="region" aria-label="Memory by part">
          <table class="effective">
            <thead>
              <tr>
                <th scope="col">Device</th>
                <th scope="col">Weights</th>
                <th scope="col">Context</th>
                <th scope="col">Computing</th>
                <th scope="col">Other</th>
              </tr>
            </thead>
            <tbody>
              <For each={props.view.parts}>
                {(part) => (
                  <tr>
                    <th scope="row">
                      {part.device}
                      <Show when={part.measured}>
                        <span class="effective__source">measured</span>
                      </Show>
                    </th>
                    <td>{bytes(part.model)}</td>
                    <td>{bytes(part.context)}</td>
                    <td>{bytes(part.compute)}</td>
                    <td>{bytes(part.other)}</td>
                  </tr>
                )}
              </For>
            </tbody>
          </table>
        </div>
        <p class="effective__note">
          With a context of {tokens(props.view.contextTokens.least)} tokens
          <Show when={props.view.contextTokens.most > props.view.contextTokens.least}>
            {' '}
            at the least, {tokens(props.view.contextTokens.most)} where there is enough
          </Show>
          .
        </p>
      </details>
    </Show>
  </>
);
