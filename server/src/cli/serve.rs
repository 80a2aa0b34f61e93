//! `uphold serve`: measure, keep, evaluate and show.

use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use uphold_core::id::{CheckId, VantageId};
use uphold_core::run::Staleness;
use uphold_core::time::{Millis, TimeError};
use uphold_probe::egress::{Egress, Host, Resolver};
use uphold_probe::tls;
use uphold_probe::url::{Scheme, Url};

use super::background::{Background, Telling, read_telling};
use super::files::{Files, Reloading, in_force, keep};
use super::first::First;
use super::identity::read_provider;
use super::ledger::failure;
use super::revisions::Read;
use super::{Failure, read_file};
use crate::access::{self, Tokens};
use crate::accounts::Accounts;
use crate::clock::Clock;
use crate::config::Checks;
use crate::error::file_failure;
use crate::identity::IdentityProvider;
use crate::ledger::{FILE, Reader, Signer};
use crate::measure::reporter::{Receiver, Reporter};
use crate::measure::{Engine, Handle, Settings};
use crate::notify::Board;
use crate::operate::acts::tell_acts;
use crate::operate::follow::follow;
use crate::operate::incident;
use crate::operate::publication::publish;
use crate::operate::retention::retain;
use crate::printer::Printer;
use crate::service_manager::ServiceManager;
use crate::terminal::say;
use crate::web::{self, WebState};

/// How long a server that ends may take to report what it observed last.
const LAST_REPORT: Duration = Duration::from_secs(5);

/// Measure, keep, evaluate and show.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The agreement; given several times, its revisions, each of which judges the time that it is valid for; a folder is
    /// every `*.toml` in it
    #[arg(long, required = true, value_name = "FILE")]
    agreement: Vec<PathBuf>,
    /// What is measured
    #[arg(long, value_name = "FILE")]
    checks: PathBuf,
    /// Who is told when something is wrong, and how
    #[arg(long, value_name = "FILE")]
    alerts: Option<PathBuf>,
    /// The identity provider that people may sign in through, beside their passwords
    #[arg(long, value_name = "FILE")]
    sign_in: Option<PathBuf>,
    /// The folder that holds the ledger; it is made if it does not exist
    #[arg(long, value_name = "FOLDER")]
    data: PathBuf,
    /// Where pages and interfaces are served. People sign in over https alone: put a proxy
    /// before it when you leave the loopback
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// A host name under which browsers reach this server, beside its own address; may be given several times
    #[arg(long, value_name = "NAME")]
    allowed_host: Vec<String>,
    /// The longest time between two records of observations that show no change: 60s; where they are reported, a third of
    /// the shortest `staleness`, and 10s at most
    #[arg(long, value_name = "LENGTH", value_parser = flush_every)]
    flush_every: Option<Millis>,
    /// The shortest time between two signatures under the growing ledger
    #[arg(long, value_name = "LENGTH", default_value = "60s", value_parser = sign_every)]
    sign_every: Millis,
    /// The name of the ledger for those who verify it, such as `sla.example.com`; it is fixed with the key, at the first
    /// start
    #[arg(long, value_name = "NAME")]
    origin: Option<String>,
    #[command(flatten)]
    report: Reporting,
    /// End when standard input ends
    #[arg(long, hide = true)]
    end_with_input: bool,
}

/// A server that measures for another one.
#[derive(Debug, clap::Args)]
struct Reporting {
    /// Measure as this vantage point of the checks file, which names another as its own
    #[arg(long, value_name = "NAME", value_parser = VantageId::parse)]
    vantage: Option<VantageId>,
    /// Report what is observed to the server at this address
    #[arg(long, value_name = "URL", requires_all = ["vantage", "report_token_file"])]
    report_to: Option<String>,
    /// The file that holds the token for it, made there by `uphold token create --scope vantage --vantage NAME`
    #[arg(long, value_name = "FILE")]
    report_token_file: Option<PathBuf>,
    /// Certificates in PEM of authorities that are to be trusted there beside the public ones
    #[arg(long, value_name = "FILE", requires = "report_to")]
    report_ca_file: Option<PathBuf>,
    /// Report without encryption, although the server is not on this machine
    #[arg(long)]
    report_unencrypted: bool,
}

impl Reporting {
    /// Where reports go, if they go anywhere. The way out is that of the checks file.
    fn receiver(&self, checks: &Checks) -> Result<Option<Receiver>, Failure> {
        let (Some(to), Some(file)) = (&self.report_to, &self.report_token_file) else { return Ok(None) };
        let cannot = || Failure::new(format!("cannot report to `{to}`"));
        let path = format!("/api/v1/vantage-points/{}/reports", checks.vantage);
        let url = Url::parse(&format!("{}{path}", to.trim_end_matches('/')));
        let url = url.map_err(|error| cannot().because(error).help("write it as in `https://sla.example.com`"))?;
        let is_here = match url.host() {
            Host::Address(address) => address.is_loopback(),
            Host::Name(_) => url.host().to_string() == "localhost",
        };
        if url.scheme() == Scheme::Http && !is_here && !self.report_unencrypted {
            return Err(cannot()
                .because("the token would be sent unencrypted")
                .help("use `https://`; where the network itself is trusted, `--report-unencrypted` permits this"));
        }
        // What `uphold token create` printed may stand in it as a whole.
        let text = read_file(file)?;
        let secret = text.split_whitespace().find(|word| word.starts_with(access::PREFIX)).ok_or_else(|| {
            Failure::new(format!("`{}` holds no token", file.display())).help(
                "make one on the other server: `uphold token create NAME --scope vantage --vantage NAME --data FOLDER`",
            )
        })?;
        let secret = secret.to_owned();
        let tls = match &self.report_ca_file {
            None => tls::public_roots(),
            Some(path) => {
                let pem = std::fs::read(path).map_err(|error| file_failure("read", path, error))?;
                let help =
                    "it must hold certificates in PEM; remove `--report-ca-file` to trust the public authorities alone";
                tls::with_authorities(&pem, false).map_err(|error| {
                    Failure::new(format!("cannot trust `{}`", path.display())).because(error).help(help)
                })?
            }
        };
        let resolver = Resolver::new(checks.name_servers.clone());
        Ok(Some(Receiver { url, secret, tls, egress: Egress::with_resolver(checks.allow.clone(), resolver) }))
    }
}

fn flush_every(text: &str) -> Result<Millis, TimeError> {
    length(text, "1s", "60s")
}

fn sign_every(text: &str) -> Result<Millis, TimeError> {
    length(text, "1s", "24h")
}

fn length(text: &str, least: &str, most: &str) -> Result<Millis, TimeError> {
    let length = Millis::parse(text)?;
    if (Millis::parse(least)?..=Millis::parse(most)?).contains(&length) {
        return Ok(length);
    }
    Err(TimeError { message: format!("{length} is not from {least} to {most}"), help: None })
}

/// What a server needs, read and checked.
pub(super) struct Prepared {
    pub(super) settings: Settings,
    /// The revisions of the agreement, whose texts are kept for bundles.
    pub(super) agreements: Vec<Read>,
    pub(super) data: PathBuf,
    pub(super) listen: SocketAddr,
    pub(super) allowed_hosts: Vec<String>,
    pub(super) sign_every: Millis,
    pub(super) origin: Option<String>,
    pub(super) telling: Option<Telling>,
    /// Through whom people may sign in.
    pub(super) identity_provider: Option<IdentityProvider>,
    /// What is read again on SIGHUP.
    pub(super) files: Option<Files>,
    /// Where what is observed is reported.
    pub(super) report: Option<Receiver>,
}

pub(super) fn run(args: Args) -> Result<(), Failure> {
    if args.end_with_input {
        super::demo::when_input_ends(|| {
            if let Err(error) = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TERM)
            {
                tracing::error!(%error, "this process cannot end itself");
            }
        });
    }
    let Args { agreement, checks, data, listen, allowed_host: mut allowed_hosts, sign_every, origin, report, .. } =
        args;
    let files = Files { agreements: agreement, checks, vantage: report.vantage.clone() };
    let (mut settings, agreements) = files.read(args.flush_every.unwrap_or(Millis(60_000)))?;
    if args.flush_every.is_none() && report.report_to.is_some() {
        settings.flush_every = often_enough(&settings.checks);
    }
    let covering = settings.revisions.covering(settings.clock.now());
    let telling = args.alerts.as_deref().map(|path| read_telling(path, Some(&covering))).transpose()?;
    let identity_provider = args.sign_in.as_deref().map(|path| read_provider(path, &settings.clock)).transpose()?;
    // People reach it there: it answers there.
    allowed_hosts.extend(identity_provider.iter().map(|provider| provider.host().to_string()));
    let (report, files) = (report.receiver(&settings.checks)?, Some(files));
    let prepared = Prepared {
        settings,
        agreements,
        data,
        listen,
        allowed_hosts,
        sign_every,
        origin,
        telling,
        identity_provider,
        files,
        report,
    };
    start(prepared, |address| {
        say(&format!("uphold serves http://{address}/"));
        if !address.ip().is_loopback() {
            say(
                "warning: without https in front of it nobody can sign in there, and what is shown to everybody can be changed \
                 on the way",
            );
            say(
                "help: pages answer to the host names that `--allowed-host` gives, beside this address and the loopback",
            );
        }
    })
}

/// How often a vantage point flushes, and so reports, that nothing goes stale at the receiver while it is well.
fn often_enough(checks: &Checks) -> Millis {
    let limits = checks.checks.iter().filter_map(|check| match check.staleness {
        Staleness::After(limit) => Some(limit.0 / 3),
        Staleness::None => None,
    });
    Millis(limits.min().unwrap_or(10_000).clamp(1_000, 10_000))
}

/// Runs a server until it is told to stop. `ready` is called when pages are served.
pub(super) fn start(prepared: Prepared, ready: impl FnOnce(SocketAddr)) -> Result<(), Failure> {
    let log = tracing_subscriber::EnvFilter::try_from_env("UPHOLD_LOG").unwrap_or_else(|_| "info".into());
    // A second start in one process keeps the first one's log.
    let _ = tracing_subscriber::fmt().with_env_filter(log).with_writer(std::io::stderr).try_init();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new("cannot start the runtime").because(error))?;
    runtime.block_on(serve(prepared, ready))
}

async fn serve(prepared: Prepared, ready: impl FnOnce(SocketAddr)) -> Result<(), Failure> {
    let Prepared { settings, agreements, data, listen, allowed_hosts, sign_every, .. } = prepared;
    let Prepared { origin, telling, identity_provider, files, report, .. } = prepared;
    let clock = settings.clock.clone();
    let (digests, vantage) = (in_force(&settings), settings.checks.vantage.clone());
    let author = format!("{}{}", incident::SERVER, settings.checks.vantage);
    // The port first: a server that cannot serve must leave no trace in the ledger.
    let listener = tokio::net::TcpListener::bind(listen).await.map_err(|error| cannot_listen(listen, error))?;
    let address = listener.local_addr().unwrap_or(listen);
    let printer = Printer::of(settings.checks.browsers.clone());
    let engine = begin_measuring(&data, settings).await?;
    let tokens = Tokens::of(&data);
    let manager = Arc::new(ServiceManager::of_environment());
    let accounts = Accounts::of(&data, clock.clone());
    let first = First::prepare(&tokens, &accounts, data.clone(), &manager, clock.now())?;
    keep(&data, &agreements)?;
    let signing = Signing::of(&data, origin.as_deref(), sign_every)?;
    let (handle, board) = (engine.handle(), Board::default());
    let background = Background::begin(telling, &data, &handle, &clock, &board, Arc::clone(&manager));
    if let Some(files) = files {
        let reloading = Reloading::begin(&files, &data, digests, handle.reload.clone(), clock.clone())?;
        tokio::spawn(reloading.run(manager));
    }
    let reporting =
        report.map(|to| tokio::spawn(reporter(to, vantage, &data, &clock, &handle).run(handle.live.clone())));
    // What follows is told where the statement is kept. It ends with the engine, which drops what it listens to.
    let publishing = reporting.is_none().then(|| {
        let acts = tell_acts(accounts.clone(), tokens.clone(), handle.tell.clone(), clock.clone(), author.clone());
        tokio::spawn(acts);
        follow_and_retain(&handle, author, &clock)
    });
    let web = web_state(handle, hosts(address, allowed_hosts), (tokens, accounts, identity_provider), data, clock);
    let router = web::router(WebState { board, printer, ..web }).into_make_service_with_connect_info::<SocketAddr>();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let mut engine = tokio::spawn(engine.run(async move {
        let _ = stopped.await;
    }));
    let mut web = tokio::spawn(async move { axum::serve(listener, router).await });
    publishing.map(tokio::spawn);
    ready(address);
    background.ready();
    first.say(address);
    // Pages must not outlive the measuring that they show, nor the other way round.
    let ended = tokio::select! {
        () = told_to_stop() => {
            tracing::info!("stopping: recording what was observed");
            background.stopping();
            drop(stop);
            engine.await
        }
        ended = &mut engine => ended,
        _ = &mut web => {
            drop(stop);
            let _ = engine.await;
            signing.end().await;
            background.end().await;
            return Err(Failure::new("serving pages ended").help("what it printed above says why; start it again"));
        }
    };
    signing.end().await;
    background.end().await;
    if let Some(reporting) = reporting {
        // What is not reported now is reported at the next start.
        let _ = tokio::time::timeout(LAST_REPORT, reporting).await;
    }
    // Open event streams would keep a graceful shutdown waiting for ever, and they hold nothing that could be lost.
    web.abort();
    let recorded = ended.map_err(|error| Failure::new("measuring ended in a defect of uphold").because(error))?;
    recorded.map_err(|error| failure("the last observations cannot be recorded: they will be unknown", error))
}

/// The tasks that tell what follows from the figures, and erase what is old. What this gives tells what the schedule shows,
/// and is to be begun when pages are served.
fn follow_and_retain(handle: &Handle, author: String, clock: &Clock) -> impl Future<Output = ()> + Send + 'static {
    tokio::spawn(follow(handle.live.clone(), handle.tell.clone(), author.clone()));
    tokio::spawn(retain(handle.live.clone(), handle.retention.clone(), handle.erase.clone(), author.clone()));
    publish(handle.live.clone(), handle.tell.clone(), clock.clone(), author, Arc::new(web::schedule_shows))
}

/// Makes the data folder if there is none, and opens the ledger in it.
async fn begin_measuring(data: &Path, settings: Settings) -> Result<Engine, Failure> {
    if !data.exists() {
        // What is in it concerns nobody else on this machine.
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(data);
        made.map_err(|error| crate::error::file_failure("create the folder", data, error))?;
    }
    Engine::start(data, settings).await.map_err(|error| {
        let help = error.help();
        let failure = Failure::new(format!("cannot use the data folder `{}`", data.display())).because(error);
        match help {
            Some(help) => failure.help(help),
            None => failure,
        }
    })
}

fn reporter(to: Receiver, vantage: VantageId, data: &Path, clock: &Clock, handle: &Handle) -> Reporter {
    Reporter::new(to, vantage, data.join(FILE), clock.clone(), handle.desk.clone())
}

/// What pages and interfaces are given of a running engine.
fn web_state(
    handle: Handle,
    allowed_hosts: Vec<String>,
    (tokens, accounts, identity_provider): (Tokens, Accounts, Option<IdentityProvider>),
    data: PathBuf,
    clock: Clock,
) -> WebState {
    let (live, tell, desk, reports) = (handle.live.clone(), handle.tell.clone(), handle.desk.clone(), handle.clone());
    WebState {
        live,
        counters: Arc::new(move || handle.counters()),
        allowed_hosts,
        tokens,
        accounts,
        identity_provider,
        tell,
        heartbeat: Arc::new(move |check: &CheckId, state, at| reports.report_heartbeat(check, state, at)),
        desk,
        data,
        clock,
        board: Board::default(),
        printer: Printer::default(),
    }
}

/// The task that signs the head of the ledger while it grows. A head that cannot be signed is no reason to stop measuring:
/// the log says it, every time.
struct Signing {
    stop: tokio::sync::oneshot::Sender<()>,
    task: tokio::task::JoinHandle<()>,
}

impl Signing {
    fn of(data: &Path, origin: Option<&str>, every: Millis) -> Result<Self, Failure> {
        let signer = Signer::open(data, origin).map_err(|error| failure("the ledger cannot be signed", error))?;
        Ok(Self::begin(signer, data, every))
    }

    fn begin(mut signer: Signer, data: &Path, every: Millis) -> Self {
        tracing::info!(key = %signer.public(), "the ledger is signed");
        let path = data.join(FILE);
        let (stop, mut stopped) = tokio::sync::oneshot::channel();
        let task = tokio::spawn(async move {
            let mut ticks = tokio::time::interval(Duration::from_millis(every.0.unsigned_abs()));
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                let is_last = tokio::select! {
                    _ = &mut stopped => true,
                    _ = ticks.tick() => false,
                };
                let path = path.clone();
                let signed = tokio::task::spawn_blocking(move || {
                    let signed = Reader::open(&path).and_then(|reader| signer.sign(&reader));
                    (signer, signed)
                });
                let Ok((same, signed)) = signed.await else { break };
                signer = same;
                if let Err(error) = signed {
                    tracing::error!(error = &error as &dyn std::error::Error, "the ledger cannot be signed");
                }
                if is_last {
                    break;
                }
            }
        });
        Self { stop, task }
    }

    /// Signs what was recorded last.
    async fn end(self) {
        drop(self.stop);
        if self.task.await.is_err() {
            tracing::error!("signing ended in a defect of uphold");
        }
    }
}

/// The names under which a browser may reach this server: a page of another name must not read ours.
fn hosts(address: SocketAddr, more: Vec<String>) -> Vec<String> {
    let own = match address.ip() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    };
    let loopback = ["localhost", "127.0.0.1", "[::1]"].map(str::to_owned);
    loopback.into_iter().chain([own]).chain(more).collect()
}

fn cannot_listen(listen: SocketAddr, error: std::io::Error) -> Failure {
    let help = match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            format!("another program uses port {}: stop it, or choose another with `--listen`", listen.port())
        }
        std::io::ErrorKind::AddrNotAvailable => {
            "this machine has no such address: choose another with `--listen`".to_owned()
        }
        std::io::ErrorKind::PermissionDenied => {
            "ports below 1024 need a privilege: choose another with `--listen`".to_owned()
        }
        _ => "choose another address with `--listen`".to_owned(),
    };
    Failure::new(format!("cannot listen on {listen}")).because(error).help(help)
}

async fn told_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).expect("a handler for SIGTERM can be set once");
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
