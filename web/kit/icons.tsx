/** The icons in use: 20 units square, one stroke weight, drawn for this product. */
import type { JSX } from 'solid-js';

const PATHS = {
  search: 'M9 15A6 6 0 1 0 9 3a6 6 0 0 0 0 12Zm4.3-1.7L17 17',
  refresh: 'M16.5 8.5A7 7 0 0 0 4 6.5L3 8m0-4v4h4m-3.5 3.5a7 7 0 0 0 12.5 2l1-1.5m0 4v-4h-4',
  copy: 'M7 7V4.5A1.5 1.5 0 0 1 8.5 3h7A1.5 1.5 0 0 1 17 4.5v7a1.5 1.5 0 0 1-1.5 1.5H13M4.5 7h7A1.5 1.5 0 0 1 13 8.500v7a1.5 1.5 0 0 1-1.5 1.5h-7A1.5 1.5 0 0 1 3 15.500v-7A1.5 1.5 0 0 1 4.5 7Z',
  check: 'm4 10.5 4 4 8-9',
  close: 'm5 5 10 10M15 5 5 15',
  chevron: 'm6 8 4 4 4-4',
  more: 'M5 10h.01M10 10h.01M15 10h.01',
  sun: 'M10 13.500a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM10 2v1.500m0 13V18M2 10h1.500m13 0H18M4.3 4.300l1.1 1.100m9.2 9.2 1.1 1.100m0-11.4-1.1 1.100m-9.2 9.2-1.1 1.1',
  moon: 'M16.5 12.200A7 7 0 0 1 7.8 3.500a7 7 0 1 0 8.7 8.700Z',
  screen:
    'M4.5 4h11A1.5 1.5 0 0 1 17 5.500v7a1.5 1.5 0 0 1-1.5 1.500h-11A1.5 1.5 0 0 1 3 12.500v-7A1.5 1.5 0 0 1 4.5 4ZM7 17h6m-3-3v3',
  alert:
    'M10 7v3.500m0 3h.01M8.7 3.3 2.4 14.500A1.5 1.5 0 0 0 3.7 16.800h12.600a1.5 1.5 0 0 0 1.3-2.300L11.3 3.300a1.5 1.5 0 0 0-2.6 0Z',
  info: 'M10 9v4.500M10 6.500h.01M10 17.500a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15Z',
  image:
    'M2.5 10S5 4.8 10 4.8 17.5 10 17.5 10 15 15.2 10 15.2 2.5 10 2.5 10Zm7.5 2.200a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.400Z',
  audio: 'M4 8.5v3m4-6v9m4-11.5v13.5m4-9v4.5',
  embedding: 'M5 5h.01M10 5h.01M15 5h.01M5 10h.01M10 10h.01M15 10h.01M5 15h.01M10 15h.01M15 15h.01',
  rank: 'M4 5h12M4 10h8m-8 5h4.5',
  text: 'M4 5h12M4 10h12M4 15h7',
  models: 'm10 2.8 6.5 3.500v7.400L10 17.200l-6.5-3.500V6.300L10 2.800Zm0 7.2 6.3-3.600M10 10 3.7 6.400M10 10v7',
  menu: 'M3.5 6h13m-13 4h13m-13 4h13',
  arrowUp: 'M10 16V4.500M5 9l5-5 5 5',
} as const;

export type IconName = keyof typeof PATHS;

/** Decorative by itself; what it stands for is said by the text or label beside it. */
export const Icon = (props: { name: IconName; size?: number }): JSX.Element => (
  <svg
    class="icon"
    viewBox="0 0 20 20"
    width={props.size ?? 16}
    height={props.size ?? 16}
    fill="none"
    stroke="currentColor"
    stroke-width={props.name === 'more' || props.name === 'embedding' ? 2.4 : 1.6}
    stroke-linecap="round"
    stroke-linejoin="round"
    aria-hidden="true"
  >
    <path d={PATHS[props.name]} />
  </svg>
);
