//! Reading the sections of a saved engine: one thread reads, others check and decode.
//!
//! Rooms for bytes go round between the threads, so that a section is decoded while the next one is read, and no more than
//! two a thread exist. Invariant: the result does not depend on the number of threads, and of several faults the first in
//! the order of sections is told.

use std::io::Read;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::super::bytes::Reader;
use super::super::index::Node;
use super::super::index::key::{Class, Key};
use super::super::table::{Chunk, PersonId};
use super::error::LoadError;
use super::header::Header;
use super::rows::{self, Counts, Form, Place, ROWS, Rows};
use super::section::{Section, read_exact, total};

/// What is to be read, and how.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) header: Header,
    /// The sum of the header.
    pub(super) seed: u64,
    pub(super) form: Form,
    /// Bytes of a row of a plane.
    pub(super) stride: usize,
}

impl Plan {
    fn row_sections(&self) -> u32 {
        self.header.people.div_ceil(ROWS as u32)
    }

    /// Rows of a section of rows.
    fn rows_of(&self, number: u32) -> usize {
        (self.header.people as usize - number as usize * ROWS).min(ROWS)
    }
}

/// Everything behind the header, in order.
#[derive(Debug)]
pub(super) struct Content<Id> {
    pub(super) chunks: Vec<Arc<Chunk<Id>>>,
    /// Where rows belong in the index, by section.
    pub(super) places: Vec<Vec<Place>>,
    pub(super) nodes: Vec<(Class, Key, Node)>,
    pub(super) counts: Counts,
}

/// What came out of one section.
#[derive(Debug)]
enum Part<Id> {
    Rows(Rows<Id>),
    Node(Class, Key, Box<Node>),
}

type Found<Id> = Vec<(u32, Result<Part<Id>, LoadError>)>;

/// Reads all sections on the calling thread and decodes them on `threads` others.
pub(super) fn content<Id: PersonId + Send + Sync>(
    input: &mut impl Read,
    plan: &Plan,
    id: &(impl Fn(u128) -> Option<Id> + Sync),
    threads: usize,
) -> Result<Content<Id>, LoadError> {
    let threads = threads.max(1);
    let (sections, queue) = sync_channel(threads);
    let queue = Mutex::new(queue);
    let (back, rooms) = channel();
    let (mut found, mut counts) = (Vec::new(), Counts::default());
    thread::scope(|scope| {
        let queue = &queue;
        let start = |back: Sender<_>| scope.spawn(move || work(queue, &back, plan, id));
        let workers: Vec<_> = (0..threads).map(|_| start(back.clone())).collect();
        drop(back);
        if let Err((number, error)) = read(input, plan, &sections, &rooms, 2 * threads) {
            found.push((number, Err(error)));
        }
        drop(sections);
        for worker in workers {
            let (own, count) = worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            found.extend(own);
            counts.add(&count);
        }
    });
    in_order(found, counts)
}

fn in_order<Id>(mut found: Found<Id>, counts: Counts) -> Result<Content<Id>, LoadError> {
    found.sort_by_key(|(number, _)| *number);
    let mut content = Content { chunks: Vec::new(), places: Vec::new(), nodes: Vec::new(), counts };
    for (_, part) in found {
        match part? {
            Part::Rows(Rows { chunks, places }) => {
                content.chunks.extend(chunks);
                content.places.push(places);
            }
            Part::Node(class, first, node) => content.nodes.push((class, first, *node)),
        }
    }
    Ok(content)
}

/// Hands out one section after the other, until the end or until a thread has found a fault.
fn read(
    input: &mut impl Read,
    plan: &Plan,
    sections: &SyncSender<Section>,
    rooms: &Receiver<Option<Vec<u8>>>,
    mut new_rooms: usize,
) -> Result<(), (u32, LoadError)> {
    let count = u64::from(plan.row_sections()) + u64::from(plan.header.nodes);
    let count = u32::try_from(count).map_err(|_| (0, LoadError::Damaged))?;
    let mut sum = plan.seed;
    for number in 0..count {
        let room = if new_rooms > 0 {
            new_rooms -= 1;
            Vec::new()
        } else {
            // Nothing comes back only after a fault, which the threads report.
            let Ok(Some(room)) = rooms.recv() else { return Ok(()) };
            room
        };
        let section = Section::read(input, number, room).map_err(|error| (number, error))?;
        sum = total(sum, section.said());
        if sections.send(section).is_err() {
            return Ok(());
        }
    }
    let mut said = [0; 8];
    read_exact(input, &mut said).map_err(|error| (count, error))?;
    if Reader::new(&said).u64() == Some(sum) { Ok(()) } else { Err((count, LoadError::Damaged)) }
}

fn work<Id: PersonId>(
    queue: &Mutex<Receiver<Section>>,
    back: &Sender<Option<Vec<u8>>>,
    plan: &Plan,
    id: &impl Fn(u128) -> Option<Id>,
) -> (Found<Id>, Counts) {
    let (mut found, mut counts) = (Vec::new(), Counts::default());
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(section) = next else { return (found, counts) };
        let part = decode(&section, plan, id, &mut counts);
        let is_sound = part.is_ok();
        found.push((section.number, part));
        // Nobody waits for rooms after the last section, so this may fail.
        let _ = back.send(is_sound.then(|| section.into_room()));
    }
}

fn decode<Id: PersonId>(
    section: &Section,
    plan: &Plan,
    id: &impl Fn(u128) -> Option<Id>,
    counts: &mut Counts,
) -> Result<Part<Id>, LoadError> {
    let bytes = section.checked(plan.seed)?;
    if section.number < plan.row_sections() {
        Ok(Part::Rows(rows::read(bytes, plan.rows_of(section.number), &plan.form, id, counts)?))
    } else {
        let (class, first, node) = Node::read(bytes, plan.stride).ok_or(LoadError::Damaged)?;
        Ok(Part::Node(class, first, Box::new(node)))
    }
}
