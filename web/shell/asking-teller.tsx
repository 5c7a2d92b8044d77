import { useNavigate } from '@solidjs/router';
import { onCleanup } from 'solid-js';
import type { JSX } from 'solid-js';
import { useApp } from '../state/app.tsx';

/** Tells that somebody waits for this person: by a sound, and by the system while nobody looks at the page. */
export const AskingTeller = (): JSX.Element => {
  const app = useApp();
  const navigate = useNavigate();
  /** The question that each session asks, so that one is told once. */
  const questions = new Map<string, string>();
  const tell = (id: string, title: string, body: string, session: string | null): void => {
    app.sound.play();
    app.desktop.show({ id, title, body }, () => {
      if (session !== null) navigate(`/sessions/${encodeURIComponent(session)}`);
    });
  };
  const ends = [
    app.client.on('approvals:updated', ({ approval: { id, status, title, reason, session } }) => {
      if (status === 'pending') tell(id, title, reason, session);
    }),
    app.client.on('sessions:updated', ({ session: { id, title, question } }) => {
      const known = questions.get(id);
      if (question === null) questions.delete(id);
      else questions.set(id, question);
      if (question !== null && question !== known) tell(`${id}-question`, title, question, id);
    }),
  ];
  onCleanup(() => {
    for (const end of ends) end();
  });
  return null;
};
