//! `spanwright map`: a map or an expression tried on a record, with what each field read and gave. It asks nobody and
//! changes nothing; a message of the journal can be the record too.

pub mod show;
mod watch;

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use anyhow::{Context, anyhow, bail};
use clap::Args;
use spanwright_core::{
    plan::StepKind,
    project::trial::{self, Tried},
};
use spanwright_map::{Env, Fault, Mapping, Program};
use spanwright_shape::{
    json,
    room::Room,
    text::{
        Bundle, Problems, Scalar,
        render::{self, Look},
    },
    value::Value,
};

use super::{
    Ended, check,
    folder::Folder,
    journal,
    out::{Format, Out},
};

/// Bytes that a record to try may have.
const RECORD_BYTES_MOST: u64 = 16 << 20;

/// Try a map or an expression on a record: what each field read and gave
#[derive(Args)]
#[command(after_help = "Examples:\n  spanwright map customer-to-contact --file customer.json\n  \
    spanwright map --message 42                  the map of the message's flow, on its body\n  \
    spanwright map -e '.Name | ascii_downcase' < customer.json\n  \
    spanwright map -e '.Nmae' --type erp:Customer --file customer.json     checked against the schema first\n  \
    spanwright map order-to-invoice --with customer=customer.json --file order.json --watch")]
pub struct Map {
    /// The name of a map of the project
    #[arg(value_name = "MAP", conflicts_with = "expression")]
    name: Option<String>,
    /// An expression instead of a map
    #[arg(short, long, value_name = "EXPR")]
    expression: Option<String>,
    /// The type that the expression reads, as `system:Type.path`; left out, anything goes
    #[arg(long = "type", value_name = "TYPE", requires = "expression")]
    over: Option<String>,
    /// The record, as JSON; left out or `-`, standard input
    #[arg(long, value_name = "FILE", conflicts_with = "message")]
    file: Option<PathBuf>,
    /// The body of a message of the journal, by message, correlation or run id
    #[arg(long, value_name = "ID")]
    message: Option<String>,
    /// Try it on each item of the list that the record is
    #[arg(long)]
    each: bool,
    /// Another input that the map sees as `$NAME`
    #[arg(long, value_name = "NAME=FILE")]
    with: Vec<String>,
    /// Try again whenever a file of the project, or the record, changes
    #[arg(long)]
    watch: bool,
    /// The project's folder
    #[arg(long = "in", value_name = "FOLDER", default_value = ".", value_hint = clap::ValueHint::DirPath)]
    folder: PathBuf,
    /// With the values of environments/NAME.yaml
    #[arg(long, value_name = "NAME")]
    env: Option<String>,
    /// How it is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What is tried.
enum What {
    Map(std::sync::Arc<Mapping>),
    Expression(Program),
}

impl Map {
    pub fn run(&self, out: &mut Out) -> anyhow::Result<Ended> {
        if !self.watch {
            return self.once(out);
        }
        if self.file.is_none() && self.message.is_none() {
            bail!("`--watch` needs a record that can be read again: `--file` or `--message`");
        }
        watch::each_time(&self.watched(), out, |out| self.once(out))
    }

    /// What `--watch` looks at: the project's folder and the files that are named.
    fn watched(&self) -> Vec<PathBuf> {
        let with = self.with.iter().filter_map(|input| input.split_once('=')).map(|(_, file)| PathBuf::from(file));
        [self.folder.clone()].into_iter().chain(self.file.clone()).chain(with).collect()
    }

    fn once(&self, out: &mut Out) -> anyhow::Result<Ended> {
        let bundle = Folder::at(&self.folder).bundle()?;
        let record = self.record()?;
        let mut problems = Problems::new();
        let tried = self.tried(&bundle, &mut problems)?;
        let Some(tried) = tried else {
            match self.format {
                Format::Human => out.data(&render::human(&problems, &bundle, Look::Colour))?,
                Format::Json => out.data(&render::json_lines(&problems, &bundle))?,
            }
            return Ok(Ended::Problems);
        };
        let inputs = self.with.iter().map(|input| read_input(input)).collect::<anyhow::Result<Vec<_>>>()?;
        let room = Room::new();
        let value = parsed(&record, "the record", &room)?;
        let items = match (self.each, value) {
            (true, Value::List(items)) => items.to_vec(),
            (true, _) => bail!("`--each` wants a list, and the record is none"),
            (false, value) => vec![value],
        };
        let mut ended = Ended::Fine;
        for item in items {
            let mut names = vec![("in", item), ("vars", vars(&tried, &room)), ("meta", meta(&room)?)];
            for (name, bytes) in &inputs {
                names.push((name, parsed(bytes, name, &room)?));
            }
            if let Err(fault) = self.tell(&tried.what, &Env { dot: item, names: &names }, out)? {
                out.data(&show::fault(&fault, self.format))?;
                ended = Ended::Problems;
            }
        }
        Ok(ended)
    }

    /// `None`: the problems say why.
    fn tried(&self, bundle: &Bundle, to: &mut Problems) -> anyhow::Result<Option<Tried<What>>> {
        let (connectors, env) = (spanwright_connect::ALL, self.env.as_deref());
        if let Some(text) = &self.expression {
            let over = (&Scalar::made(text), self.over.as_deref());
            let tried = trial::expression(bundle, connectors, env, over, to);
            return Ok(tried.map(|tried| Tried { what: What::Expression(tried.what), vars: tried.vars }));
        }
        if let Some(name) = &self.name {
            let tried = trial::map(bundle, connectors, env, name, to);
            return Ok(tried.map(|tried| Tried { what: What::Map(tried.what), vars: tried.vars }));
        }
        let Some(id) = &self.message else { bail!("name a map, an expression (`-e`) or a message (`--message`)") };
        let Some(plan) = check::plan_of(bundle, env, to) else { return Ok(None) };
        let flow = shown(&self.folder, id)?.line.flow;
        let found = plan.flows.iter().find(|have| have.name == flow).ok_or_else(|| anyhow!("the project has no flow `{flow}` any more"))?;
        let mapping = found.steps.iter().find_map(|step| match &step.kind {
            StepKind::Map(mapping) => Some(mapping.clone()),
            _ => None,
        });
        let mapping = mapping.ok_or_else(|| anyhow!("flow `{flow}` has no map among its steps: name one"))?;
        Ok(Some(Tried { what: What::Map(mapping), vars: plan.vars }))
    }

    fn record(&self) -> anyhow::Result<Vec<u8>> {
        match (&self.message, &self.file) {
            (Some(id), _) => Ok(shown(&self.folder, id)?.body.to_vec()),
            (None, Some(file)) if file != Path::new("-") => read(file),
            (None, _) => {
                let mut bytes = Vec::new();
                std::io::stdin().take(RECORD_BYTES_MOST + 1).read_to_end(&mut bytes).context("reading standard input")?;
                within(bytes, "standard input")
            }
        }
    }

    fn tell(&self, what: &What, env: &Env<'_>, out: &mut Out) -> anyhow::Result<Result<(), Fault>> {
        let room = Room::new();
        match what {
            What::Map(mapping) => {
                let mut made = Vec::new();
                if let Err(fault) = mapping.write(env, &room, &mut made) {
                    return Ok(Err(fault));
                }
                out.data(&show::mapped(mapping, env, &made, self.format)?)?;
            }
            What::Expression(program) => {
                let mut results = Vec::new();
                let end = program.each(env, &room, &mut |value| results.push(show::json_of(&value)));
                out.data(&show::results(program, env, &results, self.format))?;
                if let Err(fault) = end {
                    return Ok(Err(fault));
                }
            }
        }
        Ok(Ok(()))
    }
}

/// A message of the journal; of several runs the first.
fn shown(folder: &Path, id: &str) -> anyhow::Result<spanwright_core::fact::Shown> {
    let look = journal::look(&Folder::at(folder))?;
    journal::shown(&look, id)?.into_iter().next().ok_or_else(|| anyhow!("there is no message, correlation or run `{id}`"))
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    let reading = || format!("reading `{}`", file.display());
    let length = std::fs::metadata(file).with_context(reading)?.len();
    if length > RECORD_BYTES_MOST {
        bail!("`{}` has more than {RECORD_BYTES_MOST} bytes", file.display());
    }
    std::fs::read(file).with_context(reading)
}

fn within(bytes: Vec<u8>, what: &str) -> anyhow::Result<Vec<u8>> {
    if bytes.len() as u64 > RECORD_BYTES_MOST {
        bail!("{what} has more than {RECORD_BYTES_MOST} bytes");
    }
    Ok(bytes)
}

/// `NAME=FILE`
fn read_input(input: &str) -> anyhow::Result<(&str, Vec<u8>)> {
    let (name, file) = input.split_once('=').ok_or_else(|| anyhow!("`--with {input}`: write `--with NAME=FILE`"))?;
    Ok((name, read(Path::new(file))?))
}

fn parsed<'a>(bytes: &'a [u8], what: &str, room: &'a Room) -> anyhow::Result<Value<'a>> {
    json::read(bytes, room).map_err(|fault| anyhow!("{what} is no JSON: {} at byte {}", fault.says, fault.at))
}

/// `$vars`, of what the environment's file and the defaults say.
fn vars<'a, T>(tried: &'a Tried<T>, room: &'a Room) -> Value<'a> {
    let fields = tried.vars.iter().map(|(name, value)| (&**name, value.as_deref().map_or(Value::Null, Value::Text)));
    Value::Record(room.bump().alloc_slice_fill_iter(fields.collect::<Vec<_>>()))
}

/// `$meta` of a message that never came.
fn meta(room: &Room) -> anyhow::Result<Value<'_>> {
    const META: &[u8] = br#"{"id":"00000000-0000-0000-0000-000000000000","correlation":"tried","key":null,"version":null,"flow":"tried","environment":null,"received":"1970-01-01T00:00:00Z"}"#;
    parsed(META, "`$meta`", room)
}
