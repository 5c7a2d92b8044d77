import { createSignal, createUniqueId, onMount, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import { CopyButton } from '../kit/copy.tsx';
import { IconButton } from '../kit/button.tsx';
import { useApp } from '../state/app.tsx';
import { messageOf } from '../state/toasts.ts';
import { Logo } from './logo.tsx';
import '../kit/field.css';
import './login.css';

const COMMANDS = [
  { what: 'A key, for a program or for yourself', command: 'llamactor key create --name me --scope admin' },
  { what: 'A token, for runs and notifications of your own', command: 'llamactor token create --user me' },
] as const;

const Command = (props: { what: string; command: string }): JSX.Element => {
  const app = useApp();
  return (
    <div class="login__command">
      <dt>{props.what}</dt>
      <dd>
        <code>{props.command}</code>
        <CopyButton
          text={props.command}
          label={`Copy ${props.command}`}
          onFailure={(error) => app.toasts.failure('Nothing was copied', error)}
        />
      </dd>
    </div>
  );
};

/** In place of the whole dashboard while the server lets nobody in without a key or token, or when somebody wants to log in. */
const Login = (): JSX.Element => {
  const app = useApp();
  const ids = { secret: createUniqueId(), problem: createUniqueId(), help: createUniqueId() };
  const [shown, setShown] = createSignal(false);
  const [remember, setRemember] = createSignal(false);
  const [pending, setPending] = createSignal(false);
  const [problem, setProblem] = createSignal<string | null>(null);
  let input!: HTMLInputElement;
  const needed = (): boolean => app.live.connection().phase === 'refused';
  /** What was refused before anybody typed: an earlier login, or a key that may not see this. */
  const earlier = (): string | null =>
    app.session.ended() ?? (app.session.shows() === 'nothing' ? null : app.live.connection().problem);
  const said = (): string | null => problem() ?? (needed() ? earlier() : null);

  onMount(() => input.focus());

  const submit = async (): Promise<void> => {
    const secret = input.value.trim();
    if (pending()) return;
    if (secret === '') {
      setProblem('Enter a key or a token.');
      input.focus();
      return;
    }
    setProblem(null);
    setPending(true);
    try {
      await app.session.logIn(secret, remember());
    } catch (error) {
      setProblem(messageOf(error));
      input.select();
    } finally {
      setPending(false);
    }
  };
  const leave = (): void => {
    if (needed()) app.session.goOnWithout();
    app.session.ask(false);
  };

  return (
    <main id="main" class="login">
      <div class="login__box">
        <form
          class="login__card"
          novalidate
          onSubmit={(event) => {
            event.preventDefault();
            void submit();
          }}
        >
          <header class="login__head">
            <Logo size={44} />
            <h1 class="login__title">Log in to Llamactor</h1>
            <p class="login__words" id={ids.help}>
              <Show
                when={needed()}
                fallback="Nobody has to here. With a token, runs and notifications are your own, and nobody else sees them."
              >
                This server lets nobody in without a key or a token.
              </Show>
            </p>
          </header>
          <div class="login__field">
            <label for={ids.secret}>Key or token</label>
            <span class="login__secret">
              <input
                ref={input}
                id={ids.secret}
                class="input"
                type={shown() ? 'text' : 'password'}
                name="secret"
                autocomplete="current-password"
                autocapitalize="none"
                spellcheck={false}
                placeholder="lla_… or eyJ…"
                aria-invalid={said() === null ? undefined : 'true'}
                aria-describedby={said() === null ? ids.help : ids.problem}
              />
              <IconButton
                icon="image"
                label={shown() ? 'Hide what is typed' : 'Show what is typed'}
                pressed={shown()}
                onPress={() => setShown(!shown())}
              />
            </span>
            <Show when={said()}>
              {(text) => (
                <p class="login__problem" id={ids.problem} role="alert">
                  {text()}
                </p>
              )}
            </Show>
          </div>
          <label class="login__remember">
            <input
              type="checkbox"
              checked={remember()}
              onChange={(event) => setRemember(event.currentTarget.checked)}
            />
            Remember in this browser
          </label>
          <div class="login__actions">
            <button class="button" type="submit" data-variant="primary" aria-busy={pending() ? 'true' : undefined}>
              <Show when={pending()}>
                <span class="spinner" aria-hidden="true" />
              </Show>
              <span class="button__text">Log in</span>
            </button>
            <Show when={!needed() || app.session.shows() !== 'nothing' || problem() !== null}>
              <button class="button" type="button" data-variant="quiet" onClick={leave}>
                <span class="button__text">{needed() ? 'Go on without' : 'Cancel'}</span>
              </button>
            </Show>
          </div>
        </form>
        <section class="login__how" aria-labelledby="login-how">
          <h2 id="login-how">Where do I get one?</h2>
          <p>On the machine where the server runs:</p>
          <dl>
            <Command {...COMMANDS[0]} />
            <Command {...COMMANDS[1]} />
          </dl>
        </section>
      </div>
    </main>
  );
};

export default Login;
