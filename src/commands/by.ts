/**
 * Who asks: `a:<socket id>` for style A, `b:<socket id>` for style B, `m:<socket id>` for a message event of seed 004 and
 * `n:<socket id>` for its older form, `http`, `router`, `server`. It travels through the
 * machines so that the broadcaster can leave out the socket whose style-A call caused a change.
 */
export type By = string;
