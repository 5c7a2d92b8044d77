import { createResource, createSignal, For, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import { LOG_LEVELS } from '../../../src/contracts/views.ts';
import type { Settings } from '../../../src/contracts/config.ts';
import { bytes } from '../../format/numbers.ts';
import { duration } from '../../format/time.ts';
import { Button } from '../../kit/button.tsx';
import { FieldRow, Segmented, Select, Toggle } from '../../kit/field.tsx';
import { Card, Page } from '../../kit/page.tsx';
import { Logo } from '../../shell/logo.tsx';
import { engineName } from '../../shell/engine-panel.tsx';
import { answerOf } from '../../state/answer.ts';
import { useApp } from '../../state/app.tsx';
import { THEMES } from '../../state/theme.ts';
import { messageOf } from '../../state/toasts.ts';
import { NumberSetting } from './number-setting.tsx';
import { SettingsTabs } from './tabs.tsx';
import './settings.css';

const THEME_WORDS = { light: 'Light', system: 'As the system', dark: 'Dark' } as const;
const LEVEL_WORDS = {
  debug: 'Everything',
  info: 'Info and up',
  warn: 'Warnings and up',
  error: 'Errors only',
} as const;

type Failures = Partial<Record<keyof Settings, string>>;

const SettingsPage = (): JSX.Element => {
  const app = useApp();
  const settings = app.preferences.settings;
  const [failures, setFailures] = createSignal<Failures>({});
  const [pending, setPending] = createSignal<keyof Settings | null>(null);
  /** Stores one setting at once; its row shows why it was refused. */
  const change = async <K extends keyof Settings>(key: K, value: Settings[K]): Promise<void> => {
    setPending(() => key);
    setFailures((held) => ({ ...held, [key]: undefined }));
    try {
      await (key === 'theme'
        ? app.preferences.chooseTheme(value as Settings['theme'])
        : app.preferences.change({ [key]: value }));
    } catch (error) {
      setFailures((held) => ({ ...held, [key]: messageOf(error) }));
    } finally {
      setPending(null);
    }
  };
  const problem = (key: keyof Settings): string | null => failures()[key] ?? null;

  const Switched = (props: {
    name: 'compactMode' | 'enableConsoleLog' | 'autoRefreshMetrics' | 'enableNotifications';
    label: string;
    help: string;
  }): JSX.Element => (
    <FieldRow label={props.label} help={props.help} error={problem(props.name)}>
      <Toggle
        label={props.label}
        checked={settings()[props.name]}
        pending={pending() === props.name}
        disabled={!app.isLive()}
        onChange={(checked) => void change(props.name, checked)}
      />
    </FieldRow>
  );

  return (
    <Page
      title="Settings"
      summary="Kept by the server: every screen that shows this dashboard agrees."
      actions={<SettingsTabs />}
    >
      <div class="settings">
        <Card title="Appearance">
          <div class="fields">
            <FieldRow label="Theme" help="Colours of the dashboard." error={problem('theme')}>
              <Segmented
                label="Theme"
                value={app.theme.theme()}
                choices={THEMES.map((value) => ({ value, label: THEME_WORDS[value] }))}
                onChange={(theme) => void change('theme', theme)}
              />
            </FieldRow>
            <Switched name="compactMode" label="Compact lists" help="More rows on one screen." />
            <Switched
              name="enableNotifications"
              label="Messages"
              help="Say in a corner of the page when a model had to leave or crashed, and when something has ended. The bell keeps them all."
            />
            <DesktopRow />
            <FieldRow
              label="Sound"
              help="Heard when somebody waits for your answer: consent, or a session’s question. In this browser only."
            >
              <Toggle label="Sound" checked={app.sound.on()} onChange={app.sound.turn} />
            </FieldRow>
          </div>
        </Card>
        <YouCard />
        <Card title="Measurements">
          <div class="fields">
            <Switched
              name="autoRefreshMetrics"
              label="Moving charts"
              help="Charts follow the time. Switched off, they stand still until another range is chosen."
            />
            <FieldRow
              label="Interval"
              help="Seconds between measurements while nobody looks; an open dashboard asks for more."
              error={problem('refreshInterval')}
            >
              <NumberSetting
                label="Interval in seconds"
                value={settings().refreshInterval}
                min={5}
                max={60}
                unit="s"
                onStore={(value) => change('refreshInterval', value)}
              />
            </FieldRow>
          </div>
        </Card>
        <Card title="Log">
          <div class="fields">
            <FieldRow label="Level" help="What is less serious is not kept." error={problem('logLevel')}>
              <Select
                label="Level"
                value={settings().logLevel}
                choices={LOG_LEVELS.map((value) => ({ value, label: LEVEL_WORDS[value] }))}
                disabled={!app.isLive()}
                onChange={(level) => void change('logLevel', level)}
              />
            </FieldRow>
            <FieldRow
              label="Lines in memory"
              help="As many as the Logs page can show. The files on disk hold more."
              error={problem('maxLogEntries')}
            >
              <NumberSetting
                label="Lines in memory"
                value={settings().maxLogEntries}
                min={50}
                max={100_000}
                unit="lines"
                onStore={(value) => change('maxLogEntries', value)}
              />
            </FieldRow>
            <Switched
              name="enableConsoleLog"
              label="Also to the terminal"
              help="Print every line where Llamactor was started."
            />
          </div>
        </Card>
        <SystemCard />
      </div>
    </Page>
  );
};

const DESKTOP_HELP = {
  unavailable: 'This browser shows none for this address; it wants HTTPS or this machine.',
  default: 'Shown by the system while you look at something else. The browser asks you once.',
  granted: 'Shown by the system while you look at something else; in this browser only.',
  denied: 'This browser was told to show none for this page: allow them beside its address first.',
} as const;

/** Only a click asks the browser: a page that asks on its own is refused for ever. */
const DesktopRow = (): JSX.Element => {
  const app = useApp();
  const [pending, setPending] = createSignal(false);
  const turn = async (on: boolean): Promise<void> => {
    setPending(true);
    await app.desktop.turn(on);
    setPending(false);
  };
  return (
    <FieldRow label="Desktop notifications" help={DESKTOP_HELP[app.desktop.permission()]}>
      <Toggle
        label="Desktop notifications"
        checked={app.desktop.on()}
        pending={pending()}
        disabled={app.desktop.permission() === 'unavailable' || app.desktop.permission() === 'denied'}
        onChange={(checked) => void turn(checked)}
      />
    </FieldRow>
  );
};

const YouCard = (): JSX.Element => {
  const app = useApp();
  const who = (): string => {
    const user = app.session.user();
    if (user !== null) return `Logged in as ${user.userId}${user.email === null ? '' : ` (${user.email})`}.`;
    return app.session.shows() === 'nothing'
      ? 'Not logged in: whoever reaches this server may do everything.'
      : 'Logged in with a key.';
  };
  return (
    <Card title="You">
      <div class="fields">
        <FieldRow label={who()} help="With a token, runs and notifications are your own, and nobody else sees them.">
          <Show
            when={app.session.shows() === 'nothing'}
            fallback={
              <Button icon="logout" onPress={app.session.logOut}>
                Log out
              </Button>
            }
          >
            <Button icon="key" onPress={() => app.session.ask(true)}>
              Log in
            </Button>
          </Show>
        </FieldRow>
      </div>
    </Card>
  );
};

const SystemCard = (): JSX.Element => {
  const app = useApp();
  const [answer, { refetch }] = createResource(
    () => app.live.connection().connected && app.live.version(),
    async () => (await app.client.request('system:info', {})).info,
  );
  const rows = (): [string, string][] => {
    const info = answerOf(answer);
    if (info === undefined) return [];
    return [
      ['Version', info.version],
      ['Up', duration(info.uptime * 1000)],
      ['System', `${info.platform} ${info.arch}`],
      ['Processor', `${String(info.cpuCount)} cores`],
      ['Memory', `${bytes(info.memory.total)}, ${bytes(info.memory.free)} free`],
      ['Node.js', info.nodeVersion],
      ['Process', String(info.pid)],
      ['Data folder', info.dataDir],
    ];
  };
  return (
    <Card title="About">
      <div class="about">
        <Logo size={44} />
        <div>
          <p class="about__name">Llamactor</p>
          <p class="about__line">
            Supervises local AI on one machine. MIT licence.
            <Show when={app.live.engine()?.state === 'ready' && app.live.engine()}>
              {(engine) => <> Models run on {engineName(engine())}.</>}
            </Show>
          </p>
        </div>
      </div>
      <Show
        when={rows().length > 0}
        fallback={
          <Show when={answer.error as unknown} fallback={<p class="about__line">Asking…</p>}>
            {(error) => (
              <div class="about__failed">
                <p class="about__line">{messageOf(error())}</p>
                <Button size="small" onPress={() => refetch()}>
                  Ask again
                </Button>
              </div>
            )}
          </Show>
        }
      >
        <dl class="about__facts">
          <For each={rows()}>
            {([label, value]) => (
              <div class="about__fact">
                <dt>{label}</dt>
                <dd>{value}</dd>
              </div>
            )}
          </For>
        </dl>
      </Show>
    </Card>
  );
};

export default SettingsPage;
