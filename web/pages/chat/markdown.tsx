/**
 * Markdown as elements. The text is taken apart by `marked`'s lexer and built from components: nothing of it is ever parsed
 * as HTML, so what a model writes cannot become markup or script. Raw HTML shows as the text it is.
 */
import { Lexer } from 'marked';
import type { Token, Tokens } from 'marked';
import { createMemo, For, Index, Match, Show, Switch } from 'solid-js';
import type { JSX } from 'solid-js';
import { Dynamic } from 'solid-js/web';
import { CodeBlock } from './code-block.tsx';
import { blocksOf, OPTIONS, safeLink } from './markdown-blocks.ts';
import './markdown.css';

/** The fields that some kinds of token have; which of them, the lexer decides. */
const fieldsOf = (token: object): { text?: unknown; tokens?: Token[] | undefined } => token;
const textOf = (token: Token): string => {
  const { text } = fieldsOf(token);
  return typeof text === 'string' ? text : token.raw;
};
const children = (token: Token): Token[] => fieldsOf(token).tokens ?? [];

const Inline = (props: { tokens: readonly Token[] }): JSX.Element => (
  <For each={props.tokens}>{(token) => <InlineToken token={token} />}</For>
);

const Link = (props: { href: string; children: JSX.Element }): JSX.Element => (
  <Show when={safeLink(props.href)} fallback={props.children}>
    {(href) => (
      <a href={href()} target="_blank" rel="noopener noreferrer">
        {props.children}
      </a>
    )}
  </Show>
);

const InlineToken = (props: { token: Token }): JSX.Element => {
  const inner = (): JSX.Element => (
    <Show when={children(props.token).length > 0} fallback={unescaped(textOf(props.token))}>
      <Inline tokens={children(props.token)} />
    </Show>
  );
  return (
    <Switch fallback={inner()}>
      <Match when={props.token.type === 'strong'}>
        <strong>{inner()}</strong>
      </Match>
      <Match when={props.token.type === 'em'}>
        <em>{inner()}</em>
      </Match>
      <Match when={props.token.type === 'del'}>
        <del>{inner()}</del>
      </Match>
      <Match when={props.token.type === 'codespan'}>
        <code>{textOf(props.token)}</code>
      </Match>
      <Match when={props.token.type === 'br'}>
        <br />
      </Match>
      <Match when={props.token.type === 'link'}>
        <Link href={(props.token as Tokens.Link).href}>{inner()}</Link>
      </Match>
      {/* An image of somewhere else is not fetched: it would tell that place what is being talked about. */}
      <Match when={props.token.type === 'image'}>
        <Link href={(props.token as Tokens.Image).href}>{textOf(props.token) || 'image'}</Link>
      </Match>
      <Match when={props.token.type === 'html'}>{props.token.raw}</Match>
    </Switch>
  );
};

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  '#39': "'",
  nbsp: '\u00a0',
};
/** Entities that markdown writers use, as the characters they stand for. */
const unescaped = (text: string): string =>
  text.replaceAll(/&(amp|lt|gt|quot|#39|nbsp);/g, (whole, name: string) => ENTITIES[name] ?? whole);

const languageOf = (token: Token): string => ((token as Tokens.Code).lang ?? '').split(/\s/)[0] ?? '';

const Table = (props: { table: Tokens.Table }): JSX.Element => (
  <div class="md-table" tabindex="0" role="region" aria-label="Table">
    <table>
      <thead>
        <tr>
          <For each={props.table.header}>
            {(cell) => (
              <th data-align={cell.align ?? undefined}>
                <Inline tokens={cell.tokens} />
              </th>
            )}
          </For>
        </tr>
      </thead>
      <tbody>
        <For each={props.table.rows}>
          {(row) => (
            <tr>
              <For each={row}>
                {(cell) => (
                  <td data-align={cell.align ?? undefined}>
                    <Inline tokens={cell.tokens} />
                  </td>
                )}
              </For>
            </tr>
          )}
        </For>
      </tbody>
    </table>
  </div>
);

const ListItem = (props: { item: Tokens.ListItem }): JSX.Element => (
  <li data-task={props.item.task ? '' : undefined}>
    <Show when={props.item.task}>
      <span aria-label={props.item.checked === true ? 'done' : 'open'} role="img">
        {props.item.checked === true ? '☑ ' : '☐ '}
      </span>
    </Show>
    <Blocks tokens={props.item.tokens.filter((token) => token.type !== 'checkbox')} />
  </li>
);

const List = (props: { list: Tokens.List }): JSX.Element => (
  <Show
    when={props.list.ordered}
    fallback={
      <ul>
        <For each={props.list.items}>{(item) => <ListItem item={item} />}</For>
      </ul>
    }
  >
    <ol start={typeof props.list.start === 'number' ? props.list.start : 1}>
      <For each={props.list.items}>{(item) => <ListItem item={item} />}</For>
    </ol>
  </Show>
);

const BlockToken = (props: { token: Token }): JSX.Element => (
  <Switch fallback={<InlineToken token={props.token} />}>
    <Match when={props.token.type === 'heading'}>
      {/* A page has its own headings; those of an answer begin below them. */}
      <Dynamic component={`h${String(Math.min(6, (props.token as Tokens.Heading).depth + 2))}`}>
        <Inline tokens={children(props.token)} />
      </Dynamic>
    </Match>
    <Match when={props.token.type === 'paragraph'}>
      <p>
        <Inline tokens={children(props.token)} />
      </p>
    </Match>
    <Match when={props.token.type === 'code'}>
      <CodeBlock code={textOf(props.token)} language={languageOf(props.token)} />
    </Match>
    <Match when={props.token.type === 'blockquote'}>
      <blockquote>
        <Blocks tokens={children(props.token)} />
      </blockquote>
    </Match>
    <Match when={props.token.type === 'list'}>
      <List list={props.token as Tokens.List} />
    </Match>
    <Match when={props.token.type === 'table'}>
      <Table table={props.token as Tokens.Table} />
    </Match>
    <Match when={props.token.type === 'hr'}>
      <hr />
    </Match>
    <Match when={props.token.type === 'html'}>
      <p>{props.token.raw.trimEnd()}</p>
    </Match>
  </Switch>
);

const Blocks = (props: { tokens: readonly Token[] }): JSX.Element => (
  <For each={props.tokens.filter((token) => token.type !== 'space')}>{(token) => <BlockToken token={token} />}</For>
);

export const Markdown = (props: { text: string }): JSX.Element => {
  const blocks = createMemo(() => blocksOf(props.text));
  return (
    <div class="markdown">
      <Index each={blocks()}>
        {(raw) => {
          const tokens = createMemo(() => new Lexer(OPTIONS).lex(raw()));
          // Code that is being written stays the same element, with its colours, its scroll position and what is selected.
          const code = createMemo(() => tokens().find((token) => token.type === 'code'));
          return (
            <Show when={code()} fallback={<Blocks tokens={tokens()} />}>
              {(token) => <CodeBlock code={textOf(token())} language={languageOf(token())} />}
            </Show>
          );
        }}
      </Index>
    </div>
  );
};
